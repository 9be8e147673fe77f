"""A misbehaving server: each case raises its error within the timeout, and nothing is sent twice."""

import io
import socket
import time
from typing import Callable, Optional, Tuple, Type

import pytest
import requests
from alpa_auth_client import (
    AlpaClientError,
    AnswerTimeoutError,
    ApiKey,
    Client,
    ConnectionFailedError,
    EdgeLoginError,
    InvalidCredentialError,
    MissingCredentialError,
    ModelUnreachableError,
    RedirectError,
    ServiceToken,
    UnreadableAnswerError,
    transport,
)

from .conftest import COMPLETION
from . import server as server_module
from .server import Reply, Server, listen, reply, reset

PAGE = "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body></body></html>"
LOGIN = {"Location": "https://team.cloudflareaccess.com/cdn-cgi/access/login/api.example.com?kid=1"}
HALF = reply(200, COMPLETION)[:-20]


def half_then_reset(connection: socket.socket) -> None:
    connection.sendall(HALF)
    reset(connection)


Case = Tuple[str, Reply, Type[AlpaClientError], str]
CASES = [
    ("an HTML page with 502", reply(502, PAGE), ModelUnreachableError, "502 Bad Gateway"),
    ("an HTML page with 200", reply(200, PAGE), UnreadableAnswerError, "a page with the title"),
    ("an empty 200", reply(200), UnreadableAnswerError, "an empty answer"),
    ("a 204", b"HTTP/1.1 204 No Content\r\n\r\n", UnreadableAnswerError, "an empty answer"),
    ("truncated JSON", reply(200, COMPLETION[:-9]), UnreadableAnswerError, "broken or cut off"),
    ("JSON that is a list", reply(200, "[]"), UnreadableAnswerError, "other than a JSON object"),
    ("JSON of another form", reply(200, '{"message": "hi"}'), UnreadableAnswerError, "hi"),
    ("deeply nested JSON", reply(200, "[" * 100_000), UnreadableAnswerError, "broken"),
    ("bytes that are not text", reply(200, b"\xff\xfe\x00"), UnreadableAnswerError, "no result"),
    ("an answer shorter than its length", HALF, ConnectionFailedError, "broke"),
    ("a reset within the body", half_then_reset, ConnectionFailedError, "broke"),
    ("a reset before the answer", reset, ConnectionFailedError, "broke"),
    ("an end before the answer", b"", ConnectionFailedError, "broke"),
    ("no HTTP at all", b"SSH-2.0-OpenSSH_9.2\r\n", ConnectionFailedError, "broke"),
    ("a chunk without an end", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab", ConnectionFailedError, "broke"),
    ("a redirect", reply(302, "", {"Location": "http://127.0.0.1:1/x?token=t"}), RedirectError, "127.0.0.1"),
    ("a redirect to nowhere", reply(307), RedirectError, "same host"),
    ("a redirect to no address", reply(308, "", {"Location": "http://["}), RedirectError, "not followed"),
    ("an answer without a change", b"HTTP/1.1 304 Not Modified\r\n\r\n", RedirectError, "304"),
]


@pytest.mark.parametrize("what,answer,error,text", CASES, ids=[case[0] for case in CASES])
def test_an_answer_without_a_result_is_an_error_of_its_kind(
    server: Server, what: str, answer: Reply, error: Type[AlpaClientError], text: str
) -> None:
    server.replies = [answer]
    with pytest.raises(AlpaClientError) as caught:
        Client(server.url, auth=ApiKey("k1")).completions("a prompt")
    assert type(caught.value) is error
    assert text in str(caught.value)
    assert caught.value.next_step in str(caught.value)
    assert len(server.received) == 1, "it was sent again"
    if isinstance(caught.value, ConnectionFailedError):
        assert caught.value.sent


@pytest.mark.parametrize(
    "auth,error",
    [
        (None, MissingCredentialError),
        (ServiceToken("i", "s"), InvalidCredentialError),
        (ApiKey("k"), EdgeLoginError),
    ],
    ids=["no credential", "a service token", "a key"],
)
def test_the_edges_login_error_depends_on_the_credential(server: Server, auth: object, error: Type[AlpaClientError]) -> None:
    server.replies = [reply(302, "", LOGIN)]
    with pytest.raises(AlpaClientError) as caught:
        Client(server.url, auth=auth).completions("a")  # type: ignore[arg-type]
    assert type(caught.value) is error


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_sends_nothing_to_another_host(server: Server, status: int) -> None:
    other = Server()
    other.replies = [reply(200, COMPLETION)]
    server.replies = [reply(status, "", {"Location": other.url.replace("127.0.0.1", "localhost")})]
    for auth in (ApiKey("k"), ServiceToken("i", "s")):
        with pytest.raises(RedirectError):
            Client(server.url, auth=auth).completions("a")
    other.close()
    assert other.received == []


def drip(part: bytes) -> Callable[[Server], Reply]:
    """Sends a byte every 20 ms until the reader disconnects: never silent, never complete."""

    def make(server: Server) -> Reply:
        def send(connection: socket.socket) -> None:
            connection.sendall(part)
            while not server.over.wait(0.02):
                connection.sendall(b" ")

        return send

    return make


def silent(server: Server) -> Reply:
    return lambda _: void(server.over.wait(20))


def void(_: object) -> None:
    return None


DRIPS = {
    "says nothing": silent,
    "drips its head": drip(b"HTTP/1.1 200 OK\r\nX-Long: "),
    "drips its body": drip(b"HTTP/1.1 200 OK\r\nContent-Length: 999999\r\n\r\n{"),
    "drips without a length": drip(b"HTTP/1.1 200 OK\r\n\r\n{"),
}


@pytest.mark.parametrize("kind", DRIPS)
def test_a_server_that_never_ends_its_answer_times_out(server: Server, kind: str) -> None:
    server.replies = [DRIPS[kind](server)]
    started = time.monotonic()
    with pytest.raises(AnswerTimeoutError, match="did not answer: no complete answer within 0.4 s"):
        Client(server.url, answer_timeout_seconds=0.4).completions("a")
    assert 0.35 < time.monotonic() - started < 10
    assert len(server.received) <= 1, "it was sent again"


def test_a_late_and_slow_answer_is_accepted(server: Server) -> None:
    def slowly(connection: socket.socket) -> None:
        server.over.wait(0.3)
        for byte in reply(200, COMPLETION):
            connection.sendall(bytes([byte]))

    server.replies = [slowly]
    assert Client(server.url, answer_timeout_seconds=20, connect_timeout_seconds=0.1).completions("a")["id"] == "1"


def test_an_answer_over_the_size_limit_is_aborted(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("alpa_auth_client.transport.MAX_ANSWER_BYTES", 1000)
    server.replies = [reply(200, " " * 200_000 + COMPLETION)]
    with pytest.raises(UnreadableAnswerError, match="more than 1000 bytes"):
        Client(server.url).completions("a")


def test_an_answer_that_the_http_library_accepts_is_compared_with_its_length() -> None:
    response = requests.Response()
    response.status_code = 200
    response.headers["Content-Length"] = "9"
    response.raw = io.BytesIO(b"abc")  # as urllib3 before 2 returns a truncated answer
    assert transport._read(response) == transport.Failure("lost", "the answer ended early")


def test_without_a_listener_nothing_was_sent() -> None:
    with listen() as free:
        port = free.getsockname()[1]
    with pytest.raises(ConnectionFailedError, match="connection refused") as caught:
        Client(f"http://127.0.0.1:{port}", attempts=1).completions("a")
    assert not caught.value.sent


def test_reports_a_name_that_does_not_exist(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object, **__: object) -> Optional[object]:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(ConnectionFailedError, match="its name is not known"):
        Client("https://api.invalid", attempts=1).completions("a")


def test_a_body_that_is_received_slowly_has_the_timeout_of_the_answer(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    server.replies = [reply(200, COMPLETION)]
    read = server_module._read

    def late(connection: socket.socket) -> object:
        connection.recv(1, socket.MSG_PEEK)
        server.over.wait(1)
        return read(connection)

    monkeypatch.setattr(server_module, "_read", late)
    # More than the buffers of a connection hold.
    client = Client(server.url, connect_timeout_seconds=0.2, answer_timeout_seconds=60)
    assert client.completions("a" * 30_000_000)["id"] == "1"
