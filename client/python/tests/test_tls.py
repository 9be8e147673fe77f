"""HTTPS: a certificate is checked, a bundle of the environment counts, and time ends here too."""

import datetime
import ipaddress
import ssl
from pathlib import Path
from typing import Iterator

import pytest
from alpa_auth_client import AnswerTimeoutError, ApiKey, Client, ConnectionFailedError
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from .conftest import COMPLETION, Slept
from .server import Server, reply
from .test_misbehaving import drip


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "gateway of a test")])
    start = datetime.datetime(2020, 1, 1)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + datetime.timedelta(days=36500))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False)
        .sign(key, hashes.SHA256())
    )
    file = tmp_path / "both.pem"
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    file.write_bytes(key.private_bytes(*form) + made.public_bytes(serialization.Encoding.PEM))
    return file


@pytest.fixture
def secure(certificate: Path) -> Iterator[Server]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    server = Server(context)
    yield server
    server.close()


def test_a_certificate_that_nobody_vouches_for_is_refused_before_anything_is_sent(secure: Server, slept: Slept) -> None:
    with pytest.raises(ConnectionFailedError, match="its certificate is not accepted") as caught:
        Client(secure.url, auth=ApiKey("k"), clock=slept.clock).completions("a")
    assert (caught.value.sent, secure.received) == (False, [])


def test_a_bundle_of_the_environment_counts_and_a_password_of_netrc_does_not(secure: Server, certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
    secure.replies = [reply(200, COMPLETION)]
    assert Client(secure.url, auth=ApiKey("k")).completions("a")["id"] == "1"
    netrc = certificate.parent / "netrc"
    netrc.write_text("machine 127.0.0.1 login u password p\n")
    monkeypatch.setenv("NETRC", str(netrc))
    Client(secure.url, auth=ApiKey("k")).completions("a")
    assert secure.received[-1].values("Authorization") == [], "a password of netrc was sent"
    secure.replies = [drip(b"HTTP/1.1 200 OK\r\n\r\n{")(secure)]
    with pytest.raises(AnswerTimeoutError):
        Client(secure.url, answer_timeout_seconds=1).completions("a")
