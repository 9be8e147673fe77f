"""Repeated and simultaneous requests. cases/attempts.json has the cases in which a request is repeated."""

import socket
import threading
from typing import Any, List

import pytest
from alpa_auth_client import ApiKey, Client, Sender

from .conftest import COMPLETION, Slept
from .server import Server, reply


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
    assert Sender(server.url, clock=slept.clock).post("/completions", {})["id"] == "1"
    assert (slept, len(server.received)) == ([0.5], 1)


def test_threads_share_a_client(server: Server) -> None:
    server.replies = [reply(200, COMPLETION)]
    client = Client(server.url, auth=ApiKey("k"))
    results: List[Any] = []
    threads = [threading.Thread(target=lambda: results.append(client.completions("a")["id"])) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert results == ["1"] * 8
