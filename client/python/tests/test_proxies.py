"""Proxies from environment variables, for https only. They see the address, but no credential and no prompt."""

import ssl
from pathlib import Path
from typing import Any, Iterator, List

import pytest
import requests
from alpa_auth_client import (
    AnswerTimeoutError,
    ApiKey,
    Client,
    ConfigurationError,
    ConnectionFailedError,
)
from alpa_auth_client.watch import Watch

from .certificates import Authority
from .conftest import COMPLETION, Slept
from .proxy import Proxy
from .server import DRIP, Server, answering, reply

KINDS = ["http", "https", "socks5h", "socks5"]


class Place:
    """A server that is reached through a proxy of this kind."""

    def __init__(self, kind: str, folder: Path) -> None:
        authority = Authority(folder)
        self.bundle = str(authority.bundle)
        self.server = Server(authority.context())
        self.server.replies = [reply(200, COMPLETION)]
        own = authority.context() if kind == "https" else None
        self.proxy = Proxy(self.server.port, own, socks=kind.startswith("socks"))
        self.proxy_url = f"{kind}://{self.proxy.place}"
        # Only the proxy resolves this name to the server. With socks5 the client resolves the name itself.
        self.url = self.server.url if kind == "socks5" else "https://localhost:8443/alpa"

    def client(self, **options: Any) -> Client:
        return Client(self.url, auth=ApiKey("k3y-of-mine"), **options)

    def close(self) -> None:
        self.proxy.close()
        self.server.close()


@pytest.fixture(params=KINDS)
def place(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    place = Place(request.param, tmp_path)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", place.bundle)
    monkeypatch.setenv("HTTPS_PROXY", place.proxy_url)
    yield place
    place.close()


def test_https_uses_the_proxy_which_sees_no_credential(place: Place) -> None:
    assert place.client().completions("my prompt")["id"] == "1"
    (seen,) = place.server.received
    assert seen.values("apikey") == ["k3y-of-mine"]
    (head,) = place.proxy.heads
    assert b"k3y" not in head and b"prompt" not in head


def test_a_silent_connection_is_kept_alive_and_a_slow_answer_times_out(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = keepers(monkeypatch)
    place.server.replies = [answering(DRIP, place.server)]
    with pytest.raises(AnswerTimeoutError, match="within 1.5 s"):
        place.client(answer_timeout_seconds=1.5).completions("a")
    assert kept == [True]


def keepers(monkeypatch: pytest.MonkeyPatch) -> List[bool]:
    """Returns a list that records for each new connection whether its TCP keepalive begins after a minute."""
    import socket

    kept: List[bool] = []
    add = Watch.add

    def seen(self: Watch, connection: "socket.socket") -> None:
        add(self, connection)
        after = [
            connection.getsockopt(socket.IPPROTO_TCP, getattr(socket, name))
            for name in ("TCP_KEEPIDLE", "TCP_KEEPALIVE")
            if hasattr(socket, name)
        ]
        kept.append(connection.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) != 0 and set(after) <= {60})

    monkeypatch.setattr(Watch, "add", seen)
    return kept


def test_a_connection_without_a_proxy_is_kept_alive_too(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = keepers(monkeypatch)
    server.replies = [reply(200, COMPLETION)]
    Client(server.url).completions("a")
    assert kept == [True]


def test_a_host_in_no_proxy_is_connected_directly(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    Client(place.server.url, auth=ApiKey("k")).completions("a")
    assert (len(place.server.received), place.proxy.heads) == (1, [])


@pytest.mark.parametrize("status", [403, 407, 502])
def test_reports_a_proxy_that_rejects_without_its_password(
    tmp_path: Path, slept: Slept, monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    place = Place("http", tmp_path)
    place.proxy.refusal = f"HTTP/1.1 {status} No\r\nContent-Length: 0\r\n\r\n".encode()
    monkeypatch.setenv("HTTPS_PROXY", f"http://user:pr0xy-password@{place.proxy.place}")
    with pytest.raises(ConnectionFailedError, match=f"through the proxy in HTTPS_PROXY: it answers {status}") as caught:
        place.client(clock=slept.clock).completions("a")
    place.close()
    assert (caught.value.sent, place.server.received, len(place.proxy.heads)) == (False, [], 3)
    assert "pr0xy" not in str(caught.value) + repr(vars(caught.value))


def test_reports_a_missing_proxy(slept: Slept, monkeypatch: pytest.MonkeyPatch) -> None:
    for url in ("http://u:pr0xy-password@127.0.0.1:1", "socks5h://u:pr0xy-password@127.0.0.1:1"):
        monkeypatch.setenv("HTTPS_PROXY", url)
        with pytest.raises(ConnectionFailedError, match="through the proxy in HTTPS_PROXY: connection refused") as caught:
            Client("https://localhost:8443", auth=ApiKey("k"), clock=slept.clock).completions("a")
        assert not caught.value.sent
        assert "pr0xy" not in str(caught.value)


def test_a_proxy_with_a_slow_answer_times_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    server = Server()
    server.replies = [answering({"raw": "HTTP/1.1 200 OK\r\nX-Long: ", "then": "drip"}, server)]
    monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{server.port}")
    with pytest.raises(AnswerTimeoutError, match=r"within 0\.5 s"):
        Client("https://localhost:8443", answer_timeout_seconds=0.5).completions("a")
    server.close()


@pytest.mark.parametrize("url", ["ftp://u:pr0xy@127.0.0.1:1", "http://", "socks9://u:pr0xy@127.0.0.1:1", "http://[u:pr0xy"])
def test_reports_an_invalid_proxy_address_without_showing_it(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", url)
    with pytest.raises(ConfigurationError, match="HTTPS_PROXY: must be the address of a proxy") as caught:
        Client("https://localhost:8443", auth=ApiKey("k")).completions("a")
    assert "pr0xy" not in str(caught.value)


def test_a_proxy_that_needs_a_package_says_which(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(*_: object, **__: object) -> object:  # Like requests without PySocks.
        raise requests.exceptions.InvalidSchema("Missing dependencies for SOCKS support.")

    monkeypatch.setattr(requests.adapters, "SOCKSProxyManager", missing)
    monkeypatch.setenv("ALL_PROXY", "socks5h://127.0.0.1:1")
    with pytest.raises(ConfigurationError, match=r"pip install 'alpa-auth-client\[socks\]'"):
        Client("https://localhost:8443", auth=ApiKey("k")).completions("a")
    assert Client("http://127.0.0.1:1"), "plain http has no proxy"


def test_the_certificate_of_a_tls_proxy_is_verified(tmp_path: Path, slept: Slept, monkeypatch: pytest.MonkeyPatch) -> None:
    place = Place("https", tmp_path)
    other = Authority(tmp_path, "other").context()
    assert isinstance(other, ssl.SSLContext)
    proxy = Proxy(place.server.port, other)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", place.bundle)
    monkeypatch.setenv("HTTPS_PROXY", proxy.url)
    with pytest.raises(ConnectionFailedError, match="through the proxy in HTTPS_PROXY: its certificate is not accepted"):
        place.client(clock=slept.clock).completions("a")
    assert proxy.heads == []
    proxy.close()
    place.close()
