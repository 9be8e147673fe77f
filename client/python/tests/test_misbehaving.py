"""Misbehaving servers, if the effect depends on the HTTP library. cases/answers.json has the other cases."""

import io
import socket
from typing import Optional

import pytest
import requests
from alpa_auth_client import Client, ConnectionFailedError, UnreadableAnswerError, transport

from .conftest import COMPLETION
from . import server as server_module
from .server import Server, reply


def test_deeply_nested_json_is_no_result(server: Server) -> None:
    server.replies = [reply(200, "[" * 100_000)]
    with pytest.raises(UnreadableAnswerError, match="broken"):
        Client(server.url).completions("a")


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
    response.raw = io.BytesIO(b"abc")  # Like urllib3 before 2, returns a truncated answer.
    assert transport._read(response) == transport.Failure("lost", "the answer ended early")


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
    # The prompt is larger than the buffers of a connection.
    client = Client(server.url, connect_timeout_seconds=0.2, answer_timeout_seconds=60)
    assert client.completions("a" * 30_000_000)["id"] == "1"
