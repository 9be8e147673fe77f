"""Alpa's own client with the emulators of gateway and edge, before and after the change of alpa-client-patch.md."""

import socket
from pathlib import Path
from typing import Any, Dict, Iterator, Type

import pytest
from alpa_auth_client import AlpaClientError, ApiKey, Auth, EdgeLoginError, InvalidCredentialError, Jwt

from ..alpa import after, before
from ..certificates import Authority
from ..server import Server, reply
from .conftest import World, service_token

WAYS = ["key", "HS256", "RS256"]


@pytest.mark.parametrize("way", WAYS)
def test_after_the_change_each_credential_of_the_gateway_gets_what_a_key_got_before(
    world: World, ways: Dict[str, Auth], way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(before, "headers", {**before.headers, "apikey": world["keys"]["team"]})
    old, new = before.Client(world["urls"]["alpa"]), after.Client(world["urls"]["alpa"], auth=ways[way])
    for client in (old, new):
        assert client.completions("Paris is", max_tokens=8)["choices"] == [{"text": "Paris is one two"}]
    assert new.logprobs([7, 8], top_k=3)["indices"] == old.logprobs([7, 8], top_k=3)["indices"]


@pytest.fixture
def team(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """The host of the edge's login page, on this machine."""
    authority = Authority(tmp_path)
    host = "sandbox.cloudflareaccess.com"
    server = Server(authority.context([host]))
    server.replies = [reply(200, "<html>Sign in</html>", {"Content-Type": "text/html"})]
    real = socket.getaddrinfo

    def here(name: Any, port: Any, *more: Any, **options: Any) -> Any:
        place = ("127.0.0.1", server.port) if name == host else (name, port)
        return real(*place, *more, **options)

    monkeypatch.setattr(socket, "getaddrinfo", here)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(authority.bundle))
    yield server
    server.close()


SECRETS = {"apikey": "k3y-of-mine", "CF-Access-Client-Id": "id-of-mine.access", "CF-Access-Client-Secret": "s3cret-of-mine"}
AFTER: "list[tuple[str, Type[AlpaClientError]]]" = [
    ("a service token", InvalidCredentialError),
    ("a key", EdgeLoginError),
    ("a token", EdgeLoginError),
]


def test_before_the_change_the_edges_login_host_gets_the_callers_secrets(
    world: World, team: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(before, "headers", {**before.headers, **SECRETS})
    with pytest.raises(ValueError):  # The login page is not JSON, so the error says nothing else.
        before.Client(world["edges"]["classic"]["login"]).completions("my prompt")
    (arrived,) = team.received
    assert {name: arrived.values(name) for name in SECRETS} == {name: [value] for name, value in SECRETS.items()}


@pytest.mark.parametrize("what,error", AFTER)
def test_after_the_change_the_login_host_gets_nothing(
    world: World, team: Server, what: str, error: Type[AlpaClientError]
) -> None:
    auth: Dict[str, Auth] = {
        "a service token": service_token(world, secret="wrong"),
        "a key": ApiKey(SECRETS["apikey"]),
        "a token": Jwt(key="k", secret="s" * 32),
    }
    for method in ("completions", "logprobs"):
        with pytest.raises(AlpaClientError) as caught:
            getattr(after.Client(world["edges"]["classic"]["login"], auth=auth[what]), method)("my prompt")
        assert type(caught.value) is error
    assert team.received == []
