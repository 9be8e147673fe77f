"""HTTPS: certificates are verified, a bundle from the environment is used, and timeouts apply."""

import datetime
import socket
from pathlib import Path
from typing import Any, Iterator

import pytest
from alpa_auth_client import AnswerTimeoutError, ApiKey, Client, ConfigurationError, ConnectionFailedError

from .certificates import Authority
from .conftest import COMPLETION, Slept
from .server import Server, reply, reset
from .test_misbehaving import drip


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


@pytest.fixture
def secure(authority: Authority) -> Iterator[Server]:
    server = Server(authority.context())
    server.replies = [reply(200, COMPLETION)]
    yield server
    server.close()


def test_an_authority_from_the_environment_is_trusted(
    secure: Server, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(authority.bundle))
    for url in (secure.url, secure.url.replace("127.0.0.1", "localhost")):
        assert Client(url, auth=ApiKey("k")).completions("a")["id"] == "1"
    assert [seen.values("apikey") for seen in secure.received] == [["k"], ["k"]]


def refused(server: Server, slept: Slept) -> ConnectionFailedError:
    with pytest.raises(ConnectionFailedError) as caught:
        Client(server.url, auth=ApiKey("k"), clock=slept.clock).completions("a")
    assert (caught.value.sent, server.received) == (False, [])
    return caught.value


def test_an_untrusted_certificate_is_rejected_before_anything_is_sent(
    secure: Server, slept: Slept, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "its certificate is not accepted" in str(refused(secure, slept))
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(Authority(tmp_path, "another").bundle))
    assert "its certificate is not accepted" in str(refused(secure, slept))


@pytest.mark.parametrize("what", ["of another name", "that is over"])
def test_so_is_a_certificate(
    what: str, authority: Authority, slept: Slept, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(authority.bundle))
    life = datetime.timedelta(days=1) if what == "that is over" else None
    server = Server(authority.context(["127.0.0.1"] if life else ["api.example.com"], life))
    assert "its certificate is not accepted" in str(refused(server, slept))
    server.close()


class Raw(Server):
    """A server that does something else instead of a TLS handshake."""

    what: Any

    def _serve(self, connection: socket.socket) -> None:
        try:
            with connection:
                self.what(connection)
        except OSError:
            pass


def test_reports_a_server_without_tls(slept: Slept) -> None:
    server = Raw()
    server.what = lambda connection: connection.sendall(reply(400, "plain HTTP"))
    with pytest.raises(ConnectionFailedError, match="it speaks no TLS") as caught:
        Client(server.url.replace("http:", "https:"), auth=ApiKey("k"), clock=slept.clock).completions("a")
    server.close()
    assert not caught.value.sent


def test_an_interrupted_handshake_has_sent_nothing_and_is_retried(slept: Slept) -> None:
    server = Raw()

    def hear_and_reset(connection: socket.socket) -> None:
        connection.recv(1)
        reset(connection)

    server.what = hear_and_reset
    with pytest.raises(ConnectionFailedError) as caught:
        Client(server.url.replace("http:", "https:"), auth=ApiKey("k"), clock=slept.clock).completions("a")
    server.close()
    assert (caught.value.sent, slept) == (False, [0.5, 1])


def test_a_slow_handshake_times_out() -> None:
    server = Raw()
    # The head of a long record, byte by byte: each arrives within the connect timeout.
    server.what = drip(b"\x16\x03\x03\x40\x00")(server)
    with pytest.raises(AnswerTimeoutError, match=r"within 0\.5 s"):
        Client(server.url.replace("http:", "https:"), auth=ApiKey("k"), answer_timeout_seconds=0.5).completions("a")
    server.close()


def test_a_password_of_netrc_is_ignored_and_a_slow_answer_times_out(
    secure: Server, authority: Authority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(authority.bundle))
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login u password p\n")
    monkeypatch.setenv("NETRC", str(netrc))
    Client(secure.url, auth=ApiKey("k")).completions("a")
    assert secure.received[-1].values("Authorization") == [], "a password of netrc was sent"
    secure.replies = [drip(b"HTTP/1.1 200 OK\r\n\r\n{")(secure)]
    with pytest.raises(AnswerTimeoutError):
        Client(secure.url, answer_timeout_seconds=1).completions("a")


def test_reports_a_missing_bundle(secure: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nowhere/ca.pem")
    with pytest.raises(ConfigurationError, match="REQUESTS_CA_BUNDLE: must be a file"):
        Client(secure.url).completions("a")
