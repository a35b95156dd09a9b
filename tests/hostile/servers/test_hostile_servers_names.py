"""Names that point inside, change their mind between two look-ups, or come with the wrong certificate."""

from __future__ import annotations

import ssl
import threading
from datetime import UTC, datetime, timedelta
from itertools import chain, repeat

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from jikim.errors import FetchFailed, FetchRefused


class Names:
    """A resolver under the attacker's hand: one answer after the other, the last one for ever."""

    def __init__(self, *answers):
        self.asked = []
        self._answers = chain(answers, repeat(answers[-1]))

    def __call__(self, host, port):
        self.asked.append((host, port))
        return next(self._answers)


def page(peer):
    peer.answer(b"page")


@pytest.mark.parametrize(
    "addresses",
    [
        ["10.0.0.5"],
        ["127.0.0.1"],
        ["169.254.169.254"],
        ["::1"],
        ["fe80::1%lo"],
        ["::ffff:10.0.0.5"],
        ["64:ff9b:1::a00:5"],
        ["93.184.215.14", "10.0.0.5"],
        ["2606:4700::1111", "fd00::5"],
        ["not an address"],
    ],
)
def test_a_name_with_a_single_inner_address_is_refused(addresses, serve, fetcher):
    server = serve(page)

    with pytest.raises(FetchRefused) as raised:
        fetcher(server.authority, look_up=Names(addresses)).get(f"http://inner.test:{server.port}/")

    assert raised.value.key == "fetching.private_address"
    assert server.requests == []


def test_the_connection_goes_to_the_address_that_was_checked(serve, fetcher):
    checked = serve(page, host="127.0.0.2")
    rebound = serve(page, host="127.0.0.3", port=checked.port)
    names = Names(["127.0.0.2"], ["127.0.0.3"])
    allowed = f"rebinding.test:{checked.port}"
    # Without a robots.txt there is one request, thus one look-up.
    bringer = fetcher(allowed, look_up=names, robots_ignored_hosts={"rebinding.test": "the test's own server"})

    answer = bringer.get(f"http://{allowed}/")

    assert (answer.body, answer.peer_ip) == (b"page", "127.0.0.2")
    assert names.asked == [("rebinding.test", checked.port)]
    assert len(checked.requests) == 1
    assert rebound.requests == []


def test_every_request_is_checked_anew(serve, fetcher):
    server = serve(lambda peer: peer.send(b""), host="127.0.0.2")
    inner = serve(page)
    names = Names(["127.0.0.2"], ["192.168.0.1"])
    allowed = f"rebinding.test:{server.port}"
    bringer = fetcher(
        allowed, look_up=names, robots_ignored_hosts={"rebinding.test": "the test's own server"}, retry_pauses_s=(0.0,)
    )

    with pytest.raises(FetchRefused) as raised:
        bringer.get(f"http://{allowed}/")

    assert (raised.value.key, raised.value.params["address"]) == ("fetching.private_address", "192.168.0.1")
    assert inner.requests == []


def test_a_listed_name_reaches_loopback_and_nothing_else_inside(serve, fetcher):
    server = serve(page)
    allowed = f"listed.test:{server.port}"

    with pytest.raises(FetchRefused):
        fetcher(allowed, look_up=Names(["10.0.0.5"])).get(f"http://{allowed}/")
    with pytest.raises(FetchRefused):
        fetcher(allowed, look_up=Names(["127.0.0.1"])).get(f"http://listed.test:{server.port + 1}/")


def test_a_resolver_that_never_answers(fetcher, impatient, request):
    released = threading.Event()
    request.addfinalizer(released.set)

    def never(host, port):
        released.wait()
        return ["127.0.0.1"]

    with pytest.raises(FetchFailed) as raised:
        fetcher(look_up=never, **impatient).get("http://slow.test/")
    assert raised.value.key == "fetching.robots_unavailable"


def test_an_unknown_name_is_told_as_such(fetcher):
    def unknown(host, port):
        raise OSError("Name or service not known")

    with pytest.raises(FetchFailed) as raised:
        fetcher(look_up=unknown).get("http://gone.test/")
    assert raised.value.key == "fetching.no_such_host"


def test_a_dead_server_is_told_as_such(serve, fetcher):
    server = serve(page)
    server.close()

    with pytest.raises(FetchFailed) as raised:
        fetcher(server.authority).get(server.url)
    assert raised.value.key == "fetching.unreachable"


def certificate(name, folder):
    """A self-signed certificate for `name`: (server's context, file of the certificate)."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    folder.mkdir(exist_ok=True)
    public, private = folder / f"{name}.pem", folder / f"{name}.key"
    public.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(public, private)
    return context, public


@pytest.mark.parametrize("trusted", [True, False])
@pytest.mark.parametrize("certified", ["secure.test", "other.test"])
def test_the_certificate_must_be_trusted_and_for_the_host(trusted, certified, serve, fetcher, tmp_path, sealed_files):
    context, public = certificate(certified, tmp_path / "tls")
    named = []
    context.sni_callback = lambda connection, name, _: named.append(name)
    server = serve(page, tls=context)
    allowed = f"secure.test:{server.port}"
    trust = {"tls": ssl.create_default_context(cafile=str(public))} if trusted else {}
    bringer = fetcher(allowed, look_up=Names(["127.0.0.1"]), **trust)

    if trusted and certified == "secure.test":
        assert bringer.get(f"https://{allowed}/").body == b"page"
    else:
        with pytest.raises(FetchFailed) as raised:
            bringer.capture(f"https://{allowed}/")
        assert raised.value.key == "fetching.tls"
        assert server.requests == []
        assert sealed_files() == []
    assert set(named) == {"secure.test"}, "the host is named, not the address"


def test_a_server_that_never_finishes_the_handshake(serve, fetcher, impatient):
    server = serve(page)  # waits for a plain request

    with pytest.raises(FetchFailed) as raised:
        fetcher(server.authority, **impatient).get(f"https://{server.authority}/")
    assert raised.value.key == "fetching.robots_unavailable"
