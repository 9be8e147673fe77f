import os
import time
from typing import Iterator, List

import pytest

from .server import Server


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--world", help="file with the addresses of the emulators, for tests/world")


#: A result of each method, like Alpa's.
COMPLETION = '{"id": "1", "object": "text_completion", "created": 1700000000, "choices": [{"text": "Paris is one"}]}'
LOGPROBS = '{"cache_id": "1", "logprobs": [[-0.5]], "indices": [[7]]}'
#: 2027-01-15 08:00:00 UTC.
NOW = 1_800_000_000


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server()
    yield server
    server.close()


class Slept(List[float]):
    """The waits of a client, which end at once."""

    now: float


@pytest.fixture
def slept(monkeypatch: pytest.MonkeyPatch) -> Slept:
    """Records sleeps instead of waiting."""
    slept = Slept()
    monkeypatch.setattr(time, "sleep", slept.append)
    return slept


@pytest.fixture
def clock(slept: Slept, monkeypatch: pytest.MonkeyPatch) -> Slept:
    """A clock that stands at NOW, until a test sets it."""
    slept.now = NOW
    monkeypatch.setattr(time, "time", lambda: slept.now)
    return slept


@pytest.fixture(autouse=True)
def _no_settings_of_the_user(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test depends on the environment variables of the user who runs it."""
    for name in list(os.environ):
        if name.lower().endswith("_proxy") or name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "NETRC"):
            monkeypatch.delenv(name)
