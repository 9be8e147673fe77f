"""With the edge's emulator: Access in classic mode and in the strict mode of new organizations, with Alpa's behind it."""

from typing import Any, Optional, Type

import pytest
from alpa_auth_client import (
    AlpaClientError,
    ApiKey,
    Auth,
    Client,
    EdgeLoginError,
    InvalidCredentialError,
    MissingCredentialError,
    ModelUnreachableError,
    NotAllowedError,
    RateLimitedError,
    load_handout,
)

from ..conftest import Slept
from .conftest import World, service_token

MODES = ["classic", "strict"]
METHODS = ["completions", "logprobs"]


def call(world: World, mode: str, auth: Optional[Auth], place: str = "alpa", method: str = "completions") -> Any:
    return getattr(Client(world["edges"][mode][place], auth=auth), method)("Paris is")


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("mode", MODES)
def test_accepts_a_service_token_in_either_form(world: World, mode: str, method: str) -> None:
    for place, header in (("alpa", None), ("login", None), ("single", "Authorization")):
        assert call(world, mode, service_token(world, header=header), place, method)


Case = Any
CASES: "list[Case]" = [
    ("alpa", "nothing", MissingCredentialError, MissingCredentialError),
    ("alpa", "a wrong secret", NotAllowedError, InvalidCredentialError),
    ("alpa", "an expired token", NotAllowedError, InvalidCredentialError),
    ("alpa", "a token of another application", NotAllowedError, NotAllowedError),
    ("single", "a wrong secret in one header", NotAllowedError, InvalidCredentialError),
    ("login", "nothing", MissingCredentialError, MissingCredentialError),
    ("login", "a wrong secret", InvalidCredentialError, InvalidCredentialError),
    ("login", "a token of another application", InvalidCredentialError, NotAllowedError),
    ("login", "a key", EdgeLoginError, EdgeLoginError),
]


def auth_of(world: World, what: str) -> Optional[Auth]:
    if what == "nothing":
        return None
    if what == "a key":
        return ApiKey("k")
    if what == "an expired token":
        return service_token(world, "expired")
    if what == "a token of another application":
        return service_token(world, "stranger")
    return service_token(world, secret="wrong", header="Authorization" if "one header" in what else None)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("place,what,classic,strict", CASES, ids=[f"{case[1]} at {case[0]}" for case in CASES])
def test_reports(
    world: World,
    mode: str,
    place: str,
    what: str,
    classic: Type[AlpaClientError],
    strict: Type[AlpaClientError],
) -> None:
    with pytest.raises(AlpaClientError) as caught:
        call(world, mode, auth_of(world, what), place)
    assert type(caught.value) is (classic if mode == "classic" else strict)
    assert caught.value.request_id, "Cf-Ray is what the operator needs"
    if type(caught.value) is NotAllowedError:
        assert "Compare the service token" in str(caught.value)


def test_reports_a_tunnel_without_connectors(world: World) -> None:
    with pytest.raises(ModelUnreachableError) as caught:
        call(world, "cut", service_token(world))
    assert caught.value.status == 530


def test_reports_a_name_that_the_edge_does_not_serve(world: World) -> None:
    with pytest.raises(NotAllowedError, match="error code: 1003.*Use the service's host name in the address"):
        Client(world["edges"]["strict"]["alpa"].replace("localhost", "127.0.0.1")).completions("a")


def test_reports_the_wait_of_a_limit_of_the_edge(world: World) -> None:
    auth = service_token(world)
    call(world, "strict", auth, "limited")
    slept = Slept()
    with pytest.raises(RateLimitedError) as caught:
        Client(world["edges"]["strict"]["limited"], auth=auth, clock=slept.clock).completions("a")
    assert (len(slept), caught.value.status) == (2, 429)
    assert 0 < (caught.value.retry_after_seconds or 0) <= 30


def test_the_file_of_a_handout_is_all_that_is_needed(world: World) -> None:
    client = Client.from_credentials_file(world["handouts"]["serviceToken"])
    assert client.completions("Paris is", max_tokens=8)["choices"][0]["text"] == "Paris is one two"


def test_a_handout_has_the_timeout_of_an_answer_and_its_expiry(world: World) -> None:
    handout = load_handout(world["handouts"]["serviceToken"])
    assert (handout.who, handout.answer_timeout_seconds, str(handout.expires)) == ("team/edge", 610, "2099-01-31")
