"""Settings from environment variables and from the file of a handout."""

import json
import os
from datetime import date
from pathlib import Path
from typing import Dict

import pytest
from alpa_auth_client import (
    AnswerTimeoutError,
    Client,
    ConfigurationError,
    ExpiredCredentialError,
    load_handout,
)

from .conftest import COMPLETION
from .server import Server, reply
from .test_tokens import SECRET, claims, pem

URL = "https://api.example.com/alpa"


def sent(server: Server, environ: Dict[str, str]) -> Dict[str, str]:
    server.replies = [reply(200, COMPLETION)]
    Client.from_env({"ALPA_URL": server.url, **environ}).completions("a")
    return dict(server.received[-1].headers)


def test_each_way_to_authenticate_has_its_variables(server: Server, tmp_path: Path) -> None:
    private = tmp_path / "private.pem"
    private.write_text(pem("ES256"))
    assert sent(server, {"ALPA_API_KEY": "k"})["apikey"] == "k"
    token = sent(server, {"ALPA_JWT_KEY": "c", "ALPA_JWT_SECRET": SECRET})["Authorization"].split(" ")[1]
    assert claims(token)["key"] == "c"
    assert sent(server, {"ALPA_JWT": token})["Authorization"] == f"Bearer {token}"
    signed = {"ALPA_JWT_KEY": "c", "ALPA_JWT_PRIVATE_KEY_FILE": str(private), "ALPA_JWT_ALGORITHM": "ES256"}
    assert sent(server, signed)["Authorization"].startswith("Bearer ")
    pair = {"ALPA_ACCESS_CLIENT_ID": "i", "ALPA_ACCESS_CLIENT_SECRET": "s"}
    assert sent(server, pair)["CF-Access-Client-Secret"] == "s"
    assert json.loads(sent(server, {**pair, "ALPA_ACCESS_HEADER": "Authorization"})["Authorization"])
    assert "apikey" not in sent(server, {})


def test_reads_the_variables_of_the_process_by_default(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    server.replies = [reply(200, COMPLETION)]
    monkeypatch.setitem(os.environ, "ALPA_URL", server.url)
    monkeypatch.setitem(os.environ, "ALPA_API_KEY", "k")
    Client.from_env().completions("a")
    assert server.received[0].values("apikey") == ["k"]


def test_an_argument_overrides_a_variable() -> None:
    client = Client.from_env({"ALPA_URL": URL, "ALPA_API_KEY": "k"}, url="https://b.example", default_model="m")
    assert "https://b.example" in repr(client)


def test_no_variable_is_required_with_an_address_argument() -> None:
    assert "https://b.example" in repr(Client.from_env({"ALPA_API_KEY": "k"}, url="https://b.example"))


def test_plain_http_is_allowed_by_a_variable() -> None:
    environ = {"ALPA_URL": "http://api.example.com", "ALPA_API_KEY": "k"}
    with pytest.raises(ConfigurationError, match="must be https"):
        Client.from_env(environ)
    with pytest.raises(ConfigurationError, match="must be https"):
        Client.from_env({**environ, "ALPA_ALLOW_HTTP": "0"})
    with pytest.warns(UserWarning):
        Client.from_env({**environ, "ALPA_ALLOW_HTTP": "1"})


@pytest.mark.parametrize("text", ["ten", "nan", "inf", "1e3", "-1", "+1", " 1", "1_0", "1.", "1234567"])
def test_only_plain_numbers_are_seconds(text: str) -> None:
    with pytest.raises(ConfigurationError, match="ALPA_ANSWER_TIMEOUT_SECONDS: must be a number of seconds"):
        Client.from_env({"ALPA_URL": URL, "ALPA_ANSWER_TIMEOUT_SECONDS": text})


def test_the_timeout_of_an_answer_is_read_from_its_variable(server: Server) -> None:
    server.replies = [lambda _: None if server.over.wait(20) else None]
    client = Client.from_env({"ALPA_URL": server.url, "ALPA_ANSWER_TIMEOUT_SECONDS": "0.25"})
    with pytest.raises(AnswerTimeoutError, match=r"within 0\.25 s"):
        client.completions("a")


REFUSED: Dict[str, "tuple[Dict[str, str], list[str]]"] = {
    "no address": ({"ALPA_API_KEY": "k"}, ["ALPA_URL: must be set"]),
    "two ways": (
        {"ALPA_URL": URL, "ALPA_API_KEY": "k", "ALPA_JWT_SECRET": "s"},
        ["ALPA_API_KEY, ALPA_JWT_KEY: must be one way"],
    ),
    "an empty variable": ({"ALPA_URL": URL, "ALPA_API_KEY": ""}, ["ALPA_API_KEY: must not be empty"]),
    "half a service token": (
        {"ALPA_URL": URL, "ALPA_ACCESS_CLIENT_ID": "i"},
        ["ALPA_ACCESS_CLIENT_SECRET: must be set"],
    ),
    "a missing private key file": (
        {"ALPA_URL": URL, "ALPA_JWT_KEY": "c", "ALPA_JWT_PRIVATE_KEY_FILE": "/nowhere/x.pem"},
        ["ALPA_JWT_PRIVATE_KEY_FILE: must be a file that can be read (got /nowhere/x.pem: No such file or directory)"],
    ),
    "a private key instead of a file name": (
        {"ALPA_URL": URL, "ALPA_JWT_KEY": "c", "ALPA_JWT_PRIVATE_KEY_FILE": "-----BEGIN PRIVATE KEY-----\nMC4C"},
        ["ALPA_JWT_PRIVATE_KEY_FILE: must be the name of a file (it is the content of one). Write the content into a file, and give its name."],
    ),
    "a shared secret with a line break at its end": (
        {"ALPA_URL": URL, "ALPA_JWT_KEY": "c", "ALPA_JWT_SECRET": "s\n"},
        ["secret: must not begin or end with a blank or line break"],
    ),
    "a file and an address": (
        {"ALPA_URL": URL, "ALPA_CREDENTIALS_FILE": "/nowhere/y"},
        ["ALPA_CREDENTIALS_FILE: must be set without ALPA_URL", "credentials file: must be a file that can be read"],
    ),
    "several at once": (
        {"ALPA_API_KEY": "a\nb", "ALPA_ANSWER_TIMEOUT_SECONDS": "ten", "ALPA_ALLOW_HTTP": "yes"},
        ["ALPA_URL:", "key: must be one line", "ALPA_ANSWER_TIMEOUT_SECONDS:", "ALPA_ALLOW_HTTP: must be 1 or 0"],
    ),
}


@pytest.mark.parametrize("what", REFUSED)
def test_rejects_variables_with(what: str) -> None:
    environ, starts = REFUSED[what]
    with pytest.raises(ConfigurationError) as caught:
        Client.from_env(environ)
    assert len(caught.value.problems) == len(starts), caught.value.problems
    for problem, start in zip(caught.value.problems, starts):
        assert problem.startswith(start)


HEAD = "# Access to https://api.example.com/alpa\n\nCredential a/b. It works {end}.\n\n"
KEY = HEAD + "Keep it as you would a password: it is shown once. Send it in the header `apikey`:\n\n    apikey: k 1\n"


def page(tmp_path: Path, text: str, end: str = "until it is revoked") -> str:
    file = tmp_path / "handout.md"
    file.write_text(text.replace("{end}", end))
    return str(file)


def test_rejects_an_expired_handout(tmp_path: Path) -> None:
    file = page(tmp_path, KEY, "until 2027-01-31 (UTC)")
    assert load_handout(file, today=date(2027, 1, 30)).expires == date(2027, 1, 31)
    with pytest.raises(ExpiredCredentialError, match="a/b expired on 2027-01-31.*Ask the operator for another"):
        load_handout(file, today=date(2027, 1, 31))


def test_a_handout_rejects_a_private_key_that_it_does_not_need(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="private_key: must be left out"):
        load_handout(page(tmp_path, KEY), private_key=pem("RS256"))


@pytest.mark.parametrize(
    "text,problem",
    [
        ("hello", "must be a page of `ops consumer handout`"),
        ("age-encryption.org/v1\n-> X25519 x\n", "must be decrypted"),
        ("-----BEGIN AGE ENCRYPTED FILE-----\n", "must be decrypted"),
        (HEAD + "Nothing.\n", "must hold a credential"),
        (HEAD + 'Sign a token with RS256. Its claims: `"key": "c"`.\n', "private_key: must be given"),
        (HEAD + 'Sign a token with HS999. `"key": "c"`\n\nThe secret that signs. x\n\n    s\n', "algorithm: must be one"),
    ],
)
def test_rejects_a_file_that_is_not_a_handout(tmp_path: Path, text: str, problem: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        Client.from_credentials_file(page(tmp_path, text))
    assert problem in str(caught.value)


def test_rejects_a_file_that_is_not_text(tmp_path: Path) -> None:
    file = tmp_path / "x"
    file.write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigurationError, match="must be a text file"):
        load_handout(str(file))
