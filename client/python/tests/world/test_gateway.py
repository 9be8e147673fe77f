"""With the gateway's emulator and the rendered plugins, and with Alpa's behind it."""

import time
from typing import Any, Dict, Optional

import jwt
import pytest
from alpa_auth_client import (
    AlpaClientError,
    AlpaError,
    AnswerTimeoutError,
    ApiKey,
    Auth,
    Client,
    InvalidCredentialError,
    Jwt,
    MissingCredentialError,
    ModelUnreachableError,
    NotAllowedError,
    RateLimitedError,
    RequestRefusedError,
)

from ..conftest import Slept
from .conftest import World

WAYS = ["key", "HS256", "RS256"]
METHODS = ["completions", "logprobs"]


def call(world: World, auth: Optional[Auth], method: str = "completions", place: str = "alpa", **options: Any) -> Any:
    return getattr(Client(world["urls"][place], auth=auth, **options), method)("Paris is")


@pytest.mark.parametrize("way", WAYS)
def test_accepts_valid_credentials(world: World, ways: Dict[str, Auth], way: str) -> None:
    client = Client(world["urls"]["alpa"], auth=ways[way])
    found = client.completions(["Paris is", "Rome is"], max_tokens=8, echo=False)
    assert [choice["text"] for choice in found["choices"]] == [" one two", " one two"]
    first = client.logprobs([7, 8], top_k=3)
    second = client.logprobs([7, 8, 9], top_k=3, cache_id=first["cache_id"])
    assert [len(row) for row in second["indices"]] == [3]


def wrong(world: World) -> Dict[str, Auth]:
    jwt_ = world["jwt"]
    other = "another-secret-of-more-than-32-bytes-0"
    return {
        "a wrong key": ApiKey("wrong"),
        "a wrong secret": Jwt(key=jwt_["claims"]["hs"], secret=other),
        "an unknown claim": Jwt(key="unknown", secret=jwt_["secret"]),
        "an algorithm of another credential": Jwt(key=jwt_["claims"]["rs"], secret=jwt_["secret"]),
    }


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    "what",
    ["a wrong key", "a wrong secret", "an unknown claim", "an algorithm of another credential"],
)
def test_reports_a_wrong_credential(world: World, what: str, method: str) -> None:
    with pytest.raises(InvalidCredentialError) as caught:
        call(world, wrong(world)[what], method)
    assert caught.value.status == 401
    assert caught.value.request_id


@pytest.mark.parametrize("method", METHODS)
def test_reports_a_missing_credential(world: World, method: str) -> None:
    with pytest.raises(MissingCredentialError, match="authentication required"):
        call(world, None, method)


def test_reports_a_token_that_has_just_expired(world: World) -> None:
    claims = {"key": world["jwt"]["claims"]["hs"], "exp": int(time.time()) - 5}
    token = jwt.encode(claims, world["jwt"]["secret"], algorithm="HS256")
    with pytest.raises(AlpaClientError) as caught:
        call(world, Jwt(token))
    assert type(caught.value).__name__ == "ExpiredCredentialError"
    assert caught.value.status == 401


def test_reports_a_caller_of_another_namespace(world: World) -> None:
    with pytest.raises(NotAllowedError, match="this consumer may not use Alpa"):
        call(world, ApiKey(world["keys"]["stranger"]))


def test_reports_the_wait_of_a_limit(world: World) -> None:
    auth = ApiKey(world["keys"]["limited"])
    call(world, auth)
    call(world, auth)
    with pytest.raises(RateLimitedError, match=r"Wait \d+ s, then send less at a time") as caught:
        call(world, auth)
    assert 3500 < (caught.value.retry_after_seconds or 0) <= 3600


@pytest.mark.parametrize("method", METHODS)
def test_reports_that_alpa_is_down(world: World, ways: Dict[str, Auth], method: str) -> None:
    with pytest.raises(ModelUnreachableError) as caught:
        call(world, ways["key"], method, "down")
    assert caught.value.status == 502


def test_reports_that_the_gateway_timed_out(world: World, ways: Dict[str, Auth]) -> None:
    with pytest.raises(AnswerTimeoutError, match="504"):
        call(world, ways["key"], place="slow")


def test_waits_for_a_drained_gateway_and_reports_it_in_the_end(world: World, ways: Dict[str, Auth]) -> None:
    slept = Slept(time.time())
    with pytest.raises(ModelUnreachableError, match="drained") as caught:
        call(world, ways["key"], place="drained", max_wait_seconds=120, clock=slept.clock)
    assert (slept, caught.value.retry_after_seconds) == ([120, 120], 120)


@pytest.mark.parametrize(
    "arguments,text",
    [
        ({"prompt": ""}, "request not accepted"),
        ({"prompt": "a", "max_tokens": 0}, "request not accepted"),
        ({"prompt": "a" * 70_000}, "at most 65536 bytes"),
    ],
    ids=["an empty prompt", "no tokens", "too large a body"],
)
def test_reports_what_the_guard_rejects(world: World, ways: Dict[str, Auth], arguments: Any, text: str) -> None:
    with pytest.raises(RequestRefusedError, match=text):
        Client(world["urls"]["alpa"], auth=ways["key"]).completions(**arguments)


def test_reports_alpas_own_errors(world: World, ways: Dict[str, Auth]) -> None:
    with pytest.raises(AlpaError, match="Model 'x' is not registered") as caught:
        Client(world["urls"]["alpa"], auth=ways["key"], default_model="x").completions("a")
    assert (caught.value.status, caught.value.message) == (400, "Model 'x' is not registered.")
    assert "Traceback" in caught.value.stacktrace or "File" in caught.value.stacktrace


def test_reports_a_wrong_path(world: World, ways: Dict[str, Auth]) -> None:
    with pytest.raises(RequestRefusedError, match="404"):
        Client(world["urls"]["alpa"] + "/x", auth=ways["key"]).completions("a")


def test_the_gateway_rejects_alpas_own_key_with_an_explanation(world: World) -> None:
    with pytest.raises(MissingCredentialError):
        Client(world["urls"]["alpa"], "k").completions("a")


@pytest.mark.parametrize("kind,more", [("key", False), ("hs", False), ("rs", True)])
def test_the_file_of_a_handout_is_all_that_is_needed(world: World, kind: str, more: bool) -> None:
    file = world["handouts"][kind]
    private_key = world["jwt"]["privateKey"] if more else None
    client = Client.from_credentials_file(file, private_key=private_key)
    assert client.completions("Paris is", max_tokens=8)["choices"][0]["text"] == "Paris is one two"


def test_so_is_a_variable_with_its_name(world: World, tmp_path: Any) -> None:
    private = tmp_path / "private.pem"
    private.write_text(world["jwt"]["privateKey"])
    for kind, environ in (("hs", {}), ("rs", {"ALPA_JWT_PRIVATE_KEY_FILE": str(private)})):
        client = Client.from_env({"ALPA_CREDENTIALS_FILE": world["handouts"][kind], **environ})
        assert client.completions("Paris is")["choices"]
