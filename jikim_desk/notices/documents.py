"""Documents as PDF/A-2b, signed with the centre's own key (PAdES, Ed25519 by RFC 8419 and ISO/TS 32002).

Typst gets the words as JSON: markup in an address or a header stays text. The certificate is made of the centre's key itself;
what vouches for it is the centre, which hands out the key's fingerprint.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import typst
from asn1crypto import algos, keys, x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign import fields, signers
from pyhanko.sign.general import SigningError
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko.sign.validation.status import SignatureCoverageLevel
from pyhanko_certvalidator import ValidationContext
from pyhanko_certvalidator.registry import SimpleCertificateStore

from jikim_desk.sealing import vault

_HERE = Path(__file__).parent
_FORMS, _FONTS = _HERE / "forms", _HERE / "fonts"
_FIELD = "centre"
_NO_END = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)


def pdf(form: str, data: Mapping[str, Any]) -> bytes:
    """The form `forms/<form>.typ` filled with `data` (JSON values), as PDF/A-2b. The same data make the same bytes."""
    return typst.compile(
        str(_FORMS / f"{form}.typ"),
        format="pdf",
        root=str(_FORMS),
        font_paths=[str(_FONTS)],
        ignore_system_fonts=True,
        pdf_standards=["a-2b"],
        sys_inputs={"data": msgspec.json.encode(data).decode()},
    )


def signed(document: bytes, *, centre: str, at: datetime) -> bytes:
    """`document` with an invisible signature of the centre over the whole of it. Raises VaultError without its key."""
    file = io.BytesIO()
    writer = _AddsAlone(io.BytesIO(document))
    about = signers.PdfSignatureMetadata(
        field_name=_FIELD, md_algorithm="sha512", subfilter=fields.SigSeedSubFilter.PADES, name=centre or None
    )
    signers.PdfSigner(about, signer=_CentreSigner(centre, at)).sign_pdf(writer, output=file)
    return file.getvalue()


def is_signed_by(document: bytes, public_key: bytes) -> bool:
    """Whether the whole of `document` is signed, unchanged, by the holder of `public_key` (32 bytes)."""
    reader = PdfFileReader(io.BytesIO(document))
    if len(reader.embedded_signatures) != 1:
        return False
    signature = reader.embedded_signatures[0]
    certificate = signature.signer_cert
    context = ValidationContext(trust_roots=[certificate], allow_fetching=False)
    status = validate_pdf_signature(signature, signer_validation_context=context)
    raw = certificate.public_key["public_key"].native
    covers = signature.evaluate_signature_coverage() == SignatureCoverageLevel.ENTIRE_FILE
    return bool(status.intact and status.valid and covers and raw == public_key and _is_own(certificate, public_key))


class _AddsAlone(IncrementalPdfFileWriter):
    """Adds the signature and nothing else. pyHanko would write the metadata anew, in a form in which what PDF/A asks of them
    (ISO 19005-2, 6.6.2.3) can no longer be told to hold."""

    def _update_meta(self) -> None:
        pass


class _CentreSigner(signers.Signer):
    """Signs by the vault: the private key never leaves it."""

    def __init__(self, centre: str, at: datetime) -> None:
        certificate = _certificate(centre, at)
        store = SimpleCertificateStore()  # type: ignore[no-untyped-call]
        store.register(certificate)
        super().__init__(
            signing_cert=certificate,
            cert_registry=store,
            signature_mechanism=algos.SignedDigestAlgorithm({"algorithm": "ed25519"}),
        )

    async def async_sign_raw(self, data: bytes, digest_algorithm: str, dry_run: bool = False) -> bytes:
        if digest_algorithm != "sha512":  # what RFC 8419 asks of Ed25519
            raise SigningError("Ed25519 goes with SHA-512")
        return bytes(64) if dry_run else vault().sign(data)


def _certificate(centre: str, at: datetime) -> x509.Certificate:
    """Self-signed, for the centre's key; without an end, as RFC 5280 (4.1.2.5) writes it."""
    public = vault().public_key()
    name = x509.Name.build({"common_name": (centre or "Jikim")[:64]})
    algorithm = algos.SignedDigestAlgorithm({"algorithm": "ed25519"})
    spki = keys.PublicKeyInfo({"algorithm": keys.PublicKeyAlgorithm({"algorithm": "ed25519"}), "public_key": public})
    begins = (at - timedelta(days=1)).astimezone(UTC).replace(microsecond=0)
    usage = x509.Extension({"extn_id": "key_usage", "critical": True, "extn_value": {"digital_signature", "non_repudiation"}})
    content = x509.TbsCertificate(
        {
            "version": "v3",
            "serial_number": int.from_bytes(public[:8], "big") >> 1 or 1,
            "signature": algorithm,
            "issuer": name,
            "validity": {
                "not_before": x509.Time({"utc_time": begins}),
                "not_after": x509.Time({"general_time": _NO_END}),
            },
            "subject": name,
            "subject_public_key_info": spki,
            "extensions": [usage],
        }
    )
    return x509.Certificate(
        {"tbs_certificate": content, "signature_algorithm": algorithm, "signature_value": vault().sign(content.dump())}
    )


def _is_own(certificate: x509.Certificate, public_key: bytes) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(
            certificate["signature_value"].native, certificate["tbs_certificate"].dump()
        )
    except InvalidSignature:
        return False
    return True
