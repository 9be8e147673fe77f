"""When a request is repeated, and when never."""

import socket
import threading
from email.utils import formatdate
from typing import Any, Dict, List, Optional, Type

import pytest
from alpa_auth_client import (
    AlpaClientError,
    ApiKey,
    Client,
    ConnectionFailedError,
    ModelUnreachableError,
    RateLimitedError,
    Sender,
)

from .conftest import COMPLETION, Slept
from .server import Server, listen, reply

OK = reply(200, COMPLETION)


def busy(status: int, headers: Optional[Dict[str, str]] = None) -> bytes:
    return reply(status, '{"type":"error","message":"too many","stacktrace":""}', headers)


@pytest.mark.parametrize("status", [429, 503])
def test_waits_for_retry_after_and_repeats(server: Server, slept: Slept, status: int) -> None:
    server.replies = [busy(status, {"Retry-After": "7"}), busy(status, {"Retry-After": "2"}), OK]
    assert Client(server.url, auth=ApiKey("k"), clock=slept.clock).completions("a")["id"] == "1"
    assert slept == [7, 2]
    assert len(server.received) == 3


def test_accepts_a_date_in_retry_after(server: Server, slept: Slept) -> None:
    server.replies = [busy(503, {"Retry-After": formatdate(slept.now + 30, usegmt=True)}), OK]
    Client(server.url, clock=slept.clock).completions("a")
    assert slept == [30]


@pytest.mark.parametrize("text,seconds", [("1.5", 2), ("0", 0), ("0.001", 1), ("60.0", 60)])
def test_a_fraction_of_a_second_is_rounded_up(server: Server, slept: Slept, text: str, seconds: int) -> None:
    server.replies = [busy(429, {"Retry-After": text}), OK]
    Client(server.url, clock=slept.clock).completions("a")
    assert slept == [seconds]


def test_a_past_date_is_no_wait(server: Server, slept: Slept) -> None:
    server.replies = [busy(503, {"Retry-After": formatdate(slept.now - 30, usegmt=True)}), OK]
    slept.now += 0.25
    Client(server.url, clock=slept.clock).completions("a")
    server.replies = [busy(503, {"Retry-After": formatdate(slept.now + 30, usegmt=True)}), OK]
    server.received.clear()
    Client(server.url, clock=slept.clock).completions("a")
    assert slept == [0, 30]


def test_waits_until_the_end_of_the_window_without_retry_after(server: Server, slept: Slept) -> None:
    server.replies = [busy(429, {"X-RateLimit-Reset": "59.62"}), OK]
    Client(server.url, clock=slept.clock).completions("a")
    assert slept == [60]


@pytest.mark.parametrize("status,error", [(429, RateLimitedError), (503, ModelUnreachableError)])
def test_attempts_are_limited_and_the_error_says_how_long_to_wait(
    server: Server, slept: Slept, status: int, error: Type[AlpaClientError]
) -> None:
    server.replies = [busy(status, {"Retry-After": "5"})]
    with pytest.raises(error) as caught:
        Client(server.url, clock=slept.clock, attempts=2).completions("a")
    assert (slept, len(server.received)) == ([5], 2)
    assert caught.value.retry_after_seconds == 5
    assert caught.value.status == status


NEVER: List[Any] = [
    (429, {}, None),
    (429, {"Retry-After": "61"}, 61),
    (503, {}, None),
    (503, {"X-RateLimit-Reset": "1"}, None),
    (503, {"Retry-After": "soon"}, None),
    (503, {"Retry-After": "-1"}, None),
    (503, {"Retry-After": "1e9"}, None),
    (429, {"Retry-After": "9" * 30}, None),
    (429, {"X-RateLimit-Reset": "nan"}, None),
    (503, {"X-RateLimit-Reset": "1", "Retry-After": "Thu, 99 Nov 2026 00:00:00 GMT"}, None),
    (502, {"Retry-After": "1"}, 1),
    (504, {"Retry-After": "1"}, 1),
    (500, {"Retry-After": "1"}, 1),
    (400, {"Retry-After": "1"}, 1),
    (401, {"Retry-After": "1"}, 1),
    (429, {"Retry-After": "60.5"}, 61),
    (503, {"Retry-After": "1."}, None),
    (503, {"Retry-After": "01 Jan 2020 00:00:00 GMT"}, None),
]


@pytest.mark.parametrize("status,headers,told", NEVER, ids=[f"{case[0]} {case[1]}" for case in NEVER])
def test_no_other_request_is_repeated(
    server: Server, slept: Slept, status: int, headers: Dict[str, str], told: Optional[float]
) -> None:
    server.replies = [busy(status, headers), OK]
    with pytest.raises(AlpaClientError) as caught:
        Client(server.url, clock=slept.clock).completions("a")
    assert (slept, len(server.received)) == ([], 1)
    assert caught.value.retry_after_seconds == told


def test_a_connection_that_failed_before_anything_was_sent_is_retried(slept: Slept) -> None:
    with listen() as free:
        port = free.getsockname()[1]
    with pytest.raises(ConnectionFailedError):
        Client(f"http://127.0.0.1:{port}", clock=slept.clock).completions("a")
    assert slept == [0.5, 1]


def test_a_connection_at_the_next_attempt_gives_the_result(
    slept: Slept, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.replies = [OK]
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
    server.replies = [OK]
    client = Client(server.url, auth=ApiKey("k"))
    results: List[Any] = []
    threads = [threading.Thread(target=lambda: results.append(client.completions("a")["id"])) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert results == ["1"] * 8
