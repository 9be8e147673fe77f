"""Settings that depend on the process or on types of Python. cases/settings.json has the others."""

import os
from pathlib import Path

import pytest
from alpa_auth_client import ApiKey, Client, ConfigurationError, Jwt, load_handout

from .conftest import COMPLETION
from .cases import VALUES
from .server import Server, reply


def test_reads_the_variables_of_the_process_by_default(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    server.replies = [reply(200, COMPLETION)]
    monkeypatch.setitem(os.environ, "ALPA_URL", server.url)
    monkeypatch.setitem(os.environ, "ALPA_API_KEY", "k")
    Client.from_env().completions("a")
    assert server.received[0].values("apikey") == ["k"]


def test_rejects_a_file_that_is_not_text(tmp_path: Path) -> None:
    file = tmp_path / "x"
    file.write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigurationError, match="must be a text file"):
        load_handout(str(file))


def test_rejects_a_finished_token_with_arguments_for_created_ones() -> None:
    with pytest.raises(ConfigurationError, match="token: must be the only parameter"):
        Jwt(VALUES["tokens"]["good"], key="k")


def test_rejects_a_wait_that_is_no_number() -> None:
    with pytest.raises(ConfigurationError, match="max_wait_seconds: must be"):
        Client("https://a.example", max_wait_seconds=float("nan"), auth=ApiKey("k"))
