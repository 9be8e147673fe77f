import os
import tempfile
from typing import Iterator, List

import pytest
from alpa_auth_client import Clock

from hypothesis import HealthCheck, settings
from hypothesis.configuration import set_hypothesis_home_dir

from .server import Server

# The same examples in every run, without a deadline on slow machines, and no files in the clone.
settings.register_profile(
    "repeatable",
    derandomize=True,
    database=None,
    deadline=None,
    max_examples=60,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
settings.load_profile("repeatable")
if "HYPOTHESIS_STORAGE_DIRECTORY" not in os.environ:
    _home = tempfile.TemporaryDirectory(prefix="alpa-auth-client-")
    set_hypothesis_home_dir(_home.name)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--world", help="file with the addresses of the emulators, for tests/world")


#: A result of each method, like Alpa's.
COMPLETION = '{"id": "1", "object": "text_completion", "created": 1700000000, "choices": [{"text": "Paris is one"}]}'
LOGPROBS = '{"cache_id": "1", "logprobs": [[-0.5]], "indices": [[7]]}'


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server()
    yield server
    server.close()


class Slept(List[float]):
    """A clock that records sleeps instead of waiting."""

    def __init__(self, now: float = 1_800_000_000) -> None:
        super().__init__()
        self.now = now
        self.clock = Clock(now=lambda: self.now, sleep=self._sleep)

    def _sleep(self, seconds: float) -> None:
        self.append(seconds)
        self.now += seconds


@pytest.fixture
def slept() -> Slept:
    return Slept()


@pytest.fixture(autouse=True)
def _no_settings_of_the_user(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test depends on the environment variables of the user who runs it."""
    for name in list(os.environ):
        if name.startswith("ALPA_") or name.lower().endswith("_proxy") or name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
            monkeypatch.delenv(name)
