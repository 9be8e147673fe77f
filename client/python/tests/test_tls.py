"""HTTPS with requests: certificate bundles and passwords from the environment. cases/tls.json has the other cases."""

from pathlib import Path
from typing import Iterator

import pytest
from alpa_auth_client import AnswerTimeoutError, ApiKey, Client, ConfigurationError, ConnectionFailedError

from .certificates import Authority
from .conftest import COMPLETION, Slept
from .server import DRIP, Server, answering, reply


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


def test_a_private_authority_is_not_trusted_by_default(secure: Server, slept: Slept) -> None:
    with pytest.raises(ConnectionFailedError, match="its certificate is not accepted") as caught:
        Client(secure.url, auth=ApiKey("k"), clock=slept.clock).completions("a")
    assert (caught.value.sent, secure.received) == (False, [])


def test_a_password_of_netrc_is_ignored_and_a_slow_answer_times_out(
    secure: Server, authority: Authority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(authority.bundle))
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login u password p\n")
    monkeypatch.setenv("NETRC", str(netrc))
    Client(secure.url, auth=ApiKey("k")).completions("a")
    assert secure.received[-1].values("Authorization") == [], "a password of netrc was sent"
    secure.replies = [answering(DRIP, secure)]
    with pytest.raises(AnswerTimeoutError):
        Client(secure.url, answer_timeout_seconds=1).completions("a")


def test_reports_a_missing_bundle(secure: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nowhere/ca.pem")
    with pytest.raises(ConfigurationError, match="REQUESTS_CA_BUNDLE: must be a file"):
        Client(secure.url).completions("a")
