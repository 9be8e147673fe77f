"""What a client sends, which settings it rejects, and that errors show no secret."""

import json
import logging
import socket
import threading
import traceback
from pathlib import Path
from typing import Any, Dict, List

import pytest
from alpa_auth_client import (
    AlpaClientError,
    ApiKey,
    Auth,
    Client,
    ConfigurationError,
    Jwt,
    ServiceToken,
)

from .cases import token_of
from .conftest import COMPLETION, LOGPROBS, Slept
from .server import Server, reply

KEY = "KEY-of-team-0123456789"
AUTHS: Dict[str, Auth] = {
    "key": ApiKey(KEY),
    "secret": Jwt(key="c", secret=KEY),
    "service token": ServiceToken("id.access", KEY),
    "one header": ServiceToken("id.access", KEY, header="Authorization"),
}
CALLS: "list[tuple[str, Dict[str, Any], Dict[str, Any]]]" = [
    (
        "completions",
        {"prompt": "Zürich"},
        {"model": "m", "prompt": "Zürich", "min_tokens": 0, "max_tokens": 32, "temperature": 1, "top_p": 1, "echo": True},
    ),
    (
        "completions",
        {"prompt": [1], "min_tokens": 1, "max_tokens": 5, "top_p": 0.5, "temperature": 0.5, "echo": False, "model": "n"},
        {"model": "n", "prompt": [1], "min_tokens": 1, "max_tokens": 5, "temperature": 0.5, "top_p": 0.5, "echo": False},
    ),
    ("logprobs", {"prompt": [1, 2], "top_k": 3}, {"model": "m", "prompt": [1, 2], "top_k": 3}),
    ("logprobs", {"prompt": "a", "cache_id": "7"}, {"model": "m", "prompt": "a", "top_k": 50, "cache_id": "7"}),
]


@pytest.mark.parametrize("method,arguments,body", CALLS)
def test_sends_the_fields_of_alpas_own_client(
    server: Server, method: str, arguments: Dict[str, Any], body: Dict[str, Any]
) -> None:
    server.replies = [reply(200, COMPLETION if method == "completions" else LOGPROBS)]
    getattr(Client(server.url + "/", default_model="m"), method)(**arguments)
    getattr(Client(server.url, KEY, "m"), method)(**arguments)
    without, with_key = server.received
    assert (without.method, without.path) == ("POST", f"/alpa/{method}")
    assert without.body.isascii() and json.loads(without.body) == body
    assert json.loads(with_key.body) == {**body, "api_key": KEY}
    assert without.values("Content-Type") == ["application/json"]


@pytest.mark.parametrize("kind", AUTHS)
def test_a_credential_is_sent_in_its_headers_and_no_password_of_netrc_replaces_it(
    server: Server, kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login u password p\n")
    monkeypatch.setenv("NETRC", str(netrc))
    server.replies = [reply(200, COMPLETION)]
    Client(server.url, auth=AUTHS[kind]).completions("a")
    (seen,) = server.received
    assert {name: seen.values(name) for name in AUTHS[kind].headers()} == {
        name: [value] for name, value in AUTHS[kind].headers().items()
    }
    assert kind in ("secret", "one header") or seen.values("Authorization") == []


def test_no_cookie_of_the_edge_is_kept(server: Server) -> None:
    server.replies = [reply(200, COMPLETION, {"Set-Cookie": "CF_Authorization=x; Path=/"})]
    client = Client(server.url)
    client.completions("a")
    client.completions("a")
    assert server.received[1].values("Cookie") == []


def test_a_connection_at_the_next_attempt_gives_the_result(
    slept: Slept, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.replies = [reply(200, COMPLETION)]
    refuse = [True]

    class Refusing(socket.socket):
        def connect(self, address: Any) -> None:
            if refuse:
                refuse.pop()
                raise ConnectionRefusedError(111, "Connection refused")
            super().connect(address)

    monkeypatch.setattr(socket, "socket", Refusing)
    assert Client(server.url).completions("a")["id"] == "1"
    assert (slept, len(server.received)) == ([0.5], 1)


def test_threads_share_a_client(server: Server) -> None:
    server.replies = [reply(200, COMPLETION)]
    client = Client(server.url, auth=ApiKey("k"))
    results: List[str] = []
    threads = [threading.Thread(target=lambda: results.append(client.completions("a")["id"])) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert results == ["1"] * 8


@pytest.mark.parametrize("way", [None, *AUTHS])
def test_no_log_and_no_error_shows_a_credential_that_the_answer_repeats(
    server: Server, way: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)

    def repeat(connection: socket.socket) -> None:
        said = " ".join([*(value for _, value in server.received[-1].headers), KEY])
        connection.sendall(reply(status, said, {"X-Request-Id": KEY}))

    server.replies = [repeat]
    client = Client(server.url, KEY) if way is None else Client(server.url, auth=AUTHS[way])
    for status in (400, 401, 403, 502):
        with pytest.raises(AlpaClientError) as caught:
            client.completions("a")
        shown = "".join(traceback.format_exception(AlpaClientError, caught.value, None)) + repr(vars(caught.value))
        token = "" if way != "secret" else server.received[-1].values("Authorization")[0].split(" ")[1]
        for secret in filter(None, (KEY, token)):
            assert secret not in shown + caplog.text
        assert "<secret>" in shown


@pytest.mark.parametrize(
    "url",
    ["", "a.example/S3CRET", "ftp://a.example", "https:///x", "https://u:S3CRET@a.example", "https://a.example/x?k=S3CRET"]
    + ["https://a.example/#S3CRET", "https://a.example/\r\nX: S3CRET", "https://zürich.example"],
)
def test_an_address_with_anything_else_is_rejected_without_being_shown(url: str) -> None:
    with pytest.raises(ConfigurationError, match="url: must be an address like") as caught:
        Client(url)
    assert "S3CRET" not in str(caught.value)


def test_a_credential_is_sent_over_plain_http_only_to_this_host_or_where_it_is_allowed() -> None:
    for url in ("http://10.0.0.1/alpa", "http://localhost.example", "http://127.0.0.1.example"):
        for options in ({"auth": ApiKey("k")}, {"api_key": "k"}):
            with pytest.raises(ConfigurationError, match="url: must be https"):
                Client(url, **options)
            Client(url, allow_http=True, **options)
        Client(url)
    for url in ("http://localhost:1", "http://127.8.9.1/x/", "http://[::1]:9"):
        Client(url, auth=ApiKey("k"))


def test_all_problems_are_reported_together() -> None:
    with pytest.raises(ConfigurationError) as caught:
        Client("http://a.example", "S3CRET", auth=ApiKey("S3CRET"), attempts=0)
    assert [problem.split(":")[0] for problem in caught.value.problems] == ["url", "auth", "attempts"]
    assert "S3CRET" not in str(caught.value)


def test_a_finished_token_that_expired_meanwhile_is_reported_as_expired(server: Server, clock: Slept) -> None:
    server.replies = [reply(401)]
    auth = Jwt(token_of(30))
    for seconds, error in ((29, "InvalidCredentialError"), (2, "ExpiredCredentialError")):
        clock.now += seconds
        with pytest.raises(AlpaClientError) as caught:
            Client(server.url, auth=auth).completions("a")
        assert type(caught.value).__name__ == error


@pytest.mark.skipif(not hasattr(socket, "TCP_KEEPIDLE"), reason="the option has another name there")
def test_an_idle_connection_sends_keepalives(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    server.replies = [reply(200, COMPLETION)]
    seen: List[Any] = []
    connect = socket.socket.connect

    def watched(connection: socket.socket, address: Any) -> None:
        keeps = connection.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) != 0
        seen.append((keeps, connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE)))
        connect(connection, address)

    monkeypatch.setattr(socket.socket, "connect", watched)
    Client(server.url).completions("a")
    assert seen == [(True, 60)]
