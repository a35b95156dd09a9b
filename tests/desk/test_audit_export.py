"""An export is signed by the centre and stamped by a real RFC 3161 authority on loopback, or says that it is not yet."""

import http.server
import subprocess
import threading
import zipfile

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jikim_desk import config
from jikim_desk.audit import chain, exporting, stamping
from jikim_desk.audit.actions import Action
from jikim_desk.faults import BadAsk

_TSA = """
[tsa]
default_tsa = here
[here]
serial = {folder}/serial
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256, sha384, sha512
ess_cert_id_alg = sha256
[root]
basicConstraints = critical, CA:true
keyUsage = critical, keyCertSign
[stamps]
basicConstraints = critical, CA:false
keyUsage = critical, digitalSignature
extendedKeyUsage = critical, timeStamping
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
"""


def openssl(folder, *arguments, **kwargs):
    return subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True, **kwargs).stdout


@pytest.fixture(scope="module")
def authority_files(tmp_path_factory):
    """A root and the certificate of an authority below it."""
    folder = tmp_path_factory.mktemp("tsa")
    (folder / "tsa.cnf").write_text(_TSA.format(folder=folder))
    (folder / "serial").write_text("01\n")
    for name in ("root", "tsa"):
        openssl(
            folder,
            "req",
            "-new",
            "-newkey",
            "rsa:2048",
            "-nodes",
            "-keyout",
            f"{name}.key",
            "-out",
            f"{name}.csr",
            "-subj",
            f"/CN=test {name}",
        )
    openssl(
        folder,
        "x509",
        "-req",
        "-in",
        "root.csr",
        "-signkey",
        "root.key",
        "-days",
        "30",
        "-extfile",
        "tsa.cnf",
        "-extensions",
        "root",
        "-out",
        "root.pem",
    )
    openssl(
        folder, "x509", "-req", "-in", "tsa.csr", "-CA", "root.pem", "-CAkey", "root.key", "-CAcreateserial", "-days", "30",
        "-extfile", "tsa.cnf", "-extensions", "stamps", "-out", "tsa.pem",
    )  # fmt: skip
    return folder


@pytest.fixture
def answering(authority_files):
    """How the authority answers: "stamp", or bytes that are sent whatever was asked."""
    return {"with": "stamp"}


@pytest.fixture
def authority(authority_files, answering):
    folder = authority_files

    class Authority(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            query = self.rfile.read(int(self.headers["content-length"]))
            answer = answering["with"]
            if answer == "stamp":
                (folder / "query.tsq").write_bytes(query)
                answer = openssl(
                    folder,
                    "ts",
                    "-reply",
                    "-config",
                    "tsa.cnf",
                    "-queryfile",
                    "query.tsq",
                    "-signer",
                    "tsa.pem",
                    "-inkey",
                    "tsa.key",
                )
            self.send_response(200)
            self.send_header("content-type", "application/timestamp-reply")
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Authority)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def desk(monkeypatch, authority_files):
    """Sets the desk's settings for a test."""

    def set_to(**changes):
        changed = msgspec.structs.replace(config.desk_config(), timestamp_roots=str(authority_files / "root.pem"), **changes)
        for module in (stamping, exporting):
            monkeypatch.setattr(module, "desk_config", lambda: changed)

    return set_to


@pytest.fixture
def entries(db):
    for number in range(20):
        chain.record(Action.VIEW, actor=None, subject=f"candidate:{number}", facts={"kind": "words"})


def test_an_export_is_signed_and_stamped_and_holds(entries, desk, authority, tmp_path):
    desk(timestamp_authority=authority, centre="시험 센터")
    done = exporting.export(tmp_path / "audit.zip", actor=None)
    assert done.stamped_at is not None
    assert done.why_not is None
    assert done.manifest.problems == 0
    assert exporting.check(done.path) == []
    chain.record(Action.VIEW, actor=None)
    assert exporting.check(done.path) == []


def test_it_can_be_checked_without_jikim(entries, desk, authority, authority_files, tmp_path):
    desk(timestamp_authority=authority)
    done = exporting.export(tmp_path / "audit.zip", actor=None)
    with zipfile.ZipFile(done.path) as archive:
        archive.extractall(tmp_path)
    said = openssl(
        tmp_path,
        "pkeyutl",
        "-verify",
        "-pubin",
        "-inkey",
        "centre.pem",
        "-rawin",
        "-in",
        "manifest.json",
        "-sigfile",
        "manifest.sig",
    )
    assert b"Verified Successfully" in said
    openssl(tmp_path, "ts", "-verify", "-data", "manifest.sig", "-in", "manifest.tsr", "-CAfile", authority_files / "root.pem")
    lines = (tmp_path / "chain.jsonl").read_bytes().splitlines()
    assert len(lines) == done.manifest.last
    assert msgspec.json.decode(lines[-1])["hash"] == done.manifest.last_hash


def test_an_authority_that_is_down_leaves_it_not_yet_stamped_and_it_is_stamped_later(entries, desk, authority, tmp_path):
    desk(timestamp_authority="http://127.0.0.1:9/")
    done = exporting.export(tmp_path / "audit.zip", actor=None)
    assert done.stamped_at is None
    assert done.why_not.key == "audit.stamp.no_answer"
    assert [remark.key for remark in exporting.check(done.path)] == ["audit.export.not_stamped"]
    assert exporting.STAMP not in zipfile.ZipFile(done.path).namelist()

    desk(timestamp_authority=authority)
    assert exporting.stamp_later(done.path)
    assert exporting.check(done.path) == []
    with pytest.raises(BadAsk):
        exporting.stamp_later(done.path)


def test_without_an_authority_it_says_so(entries, desk, tmp_path):
    desk()
    assert exporting.export(tmp_path / "audit.zip", actor=None).why_not.key == "audit.stamp.no_authority"


@pytest.mark.parametrize("answer", [b"", b"no stamp", b"\x30\x03\x02\x01\x00", b"\x00" * 70_000])
def test_an_answer_that_is_no_stamp_is_refused(entries, desk, authority, answering, tmp_path, answer):
    desk(timestamp_authority=authority)
    answering["with"] = answer
    done = exporting.export(tmp_path / "audit.zip", actor=None)
    assert done.why_not.key == "audit.stamp.does_not_hold"
    assert exporting.STAMP not in zipfile.ZipFile(done.path).namelist()


def test_a_stamp_of_something_else_is_refused(entries, desk, authority, answering, tmp_path):
    desk(timestamp_authority=authority)
    answering["with"] = stamping.stamp(b"something else").response
    assert exporting.export(tmp_path / "audit.zip", actor=None).why_not.key == "audit.stamp.does_not_hold"


def test_a_stamp_of_an_authority_we_do_not_trust_is_refused(entries, desk, authority, authority_files, tmp_path):
    openssl(
        authority_files,
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-keyout",
        "other.key",
        "-out",
        "other.pem",
        "-subj",
        "/CN=other",
        "-days",
        "3",
    )
    desk(timestamp_authority=authority)
    good = stamping.stamp(b"content")
    changed = msgspec.structs.replace(config.desk_config(), timestamp_roots=str(authority_files / "other.pem"))
    stamping.desk_config = lambda: changed  # put back by monkeypatch's undo of `desk`
    with pytest.raises(stamping.NotStamped, match="does not hold"):
        stamping.check(b"content", good.response)


def test_a_file_that_is_there_is_not_written_over(entries, desk, tmp_path):
    desk()
    (tmp_path / "audit.zip").write_bytes(b"mine")
    with pytest.raises(BadAsk):
        exporting.export(tmp_path / "audit.zip", actor=None)
    assert (tmp_path / "audit.zip").read_bytes() == b"mine"


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    part=st.sampled_from([exporting.CHAIN, exporting.MANIFEST, exporting.SIGNATURE, exporting.KEY]),
    place=st.floats(0, 1, exclude_max=True),
    change=st.integers(1, 255),
)
def test_any_byte_of_any_part_changed_is_found(entries, desk, tmp_path_factory, part, place, change):
    desk()
    folder = tmp_path_factory.mktemp("export")
    done = exporting.export(folder / "audit.zip", actor=None)
    with zipfile.ZipFile(done.path) as archive:
        parts = {name: bytearray(archive.read(name)) for name in archive.namelist()}
    parts[part][int(place * len(parts[part]))] ^= change
    with zipfile.ZipFile(folder / "changed.zip", "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, bytes(content))
    assert [remark.key for remark in exporting.check(folder / "changed.zip")] != ["audit.export.not_stamped"]


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.binary(max_size=300))
def test_what_is_no_export_is_said_and_raises_nothing(db, desk, tmp_path_factory, content):
    desk()
    path = tmp_path_factory.mktemp("export") / "audit.zip"
    path.write_bytes(content)
    assert [remark.key for remark in exporting.check(path)] == ["audit.export.unreadable"]


def test_a_chain_that_was_exchanged_since_the_export_is_found(entries, desk, tmp_path):
    from django.db import connection

    desk()
    done = exporting.export(tmp_path / "audit.zip", actor=None, first=3)
    with connection.cursor() as cursor:
        cursor.execute("DROP TRIGGER audit_entry_update" + (" ON audit_entry" if connection.vendor == "postgresql" else ""))
        cursor.execute("UPDATE audit_entry SET hash = %s WHERE number = %s", ["0" * 63 + "1", done.manifest.last])
    assert "audit.export.chain_differs" in [remark.key for remark in exporting.check(done.path)]
