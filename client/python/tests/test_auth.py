"""Credentials: what is accepted, when tokens are renewed, and that nothing shows a secret."""

import json
import warnings
from typing import Any, Dict, List

import jwt
import pytest
from alpa_auth_client import ApiKey, Auth, Client, ConfigurationError, ExpiredCredentialError, Jwt, ServiceToken

from .cases import token_of
from .conftest import NOW, Slept
from .keys import PEM

SECRET = "S3CRET-of-the-caller-0123456789abcd"
AUTHS = [ApiKey(SECRET), Jwt(key="c", secret=SECRET), ServiceToken("i", SECRET), ServiceToken("i", SECRET, header="X")]


def claims_of(auth: Auth) -> Dict[str, Any]:
    token = auth.headers()["Authorization"].split(" ")[1]
    claims: Dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
    return claims


@pytest.mark.parametrize("auth", AUTHS)
def test_no_repr_shows_a_secret(auth: Auth) -> None:
    sent = auth.headers()
    shown = f"{auth!r} {auth} {Client('https://a.example', auth=auth)!r}"
    assert SECRET not in shown and str(sent.get("Authorization")) not in shown
    assert repr(Client("https://a.example", SECRET)).find(SECRET) < 0


@pytest.mark.parametrize("text", ["", "S3CRET\n", "S3CRET\r\nX-A: b", "S3CRETü", "S3CRET\x7f", " S3CRET", None])
def test_a_text_that_no_header_can_carry_is_rejected_without_being_shown(text: Any) -> None:
    for make in (ApiKey, lambda one: ServiceToken("i", one), lambda one: Jwt(key=one, secret="s"), Jwt):
        with pytest.raises(ConfigurationError) as caught:
            make(text)
        assert "S3CRET" not in str(caught.value)


BAD: List[Dict[str, Any]] = [
    {"token": "S3CRET"},
    {"token": "Bearer a.b.c"},
    {"token": jwt.encode({"key": "k"}, SECRET, algorithm="HS256")},
    {"token": "a.b.c", "secret": "S3CRET"},
    {"key": "k"},
    {"key": "k", "secret": "S3CRET", "private_key": PEM["RS256"]},
    {"key": "k", "secret": "S3CRET\n"},
    {"key": "k", "secret": PEM["RS256 public"]},
    {"key": "k", "secret": "S3CRET", "algorithm": "RS256"},
    {"key": "k", "secret": "S3CRET", "algorithm": "HS512"},
    {"key": "k", "private_key": PEM["RS256"], "algorithm": "HS256"},
    {"key": "k", "private_key": "key.pem"},
    {"key": "k", "private_key": PEM["RS256 public"]},
    {"key": "k", "private_key": PEM["ES256 encrypted"], "algorithm": "ES256"},
    {"key": "k", "private_key": PEM["EdDSA"]},
]


@pytest.mark.parametrize("arguments", BAD)
def test_a_jwt_that_cannot_work_is_rejected_without_being_shown(arguments: Dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError) as caught:
        Jwt(**arguments)
    assert "S3CRET" not in str(caught.value) and "PRIVATE KEY-----\n" not in str(caught.value)
    assert caught.value.__context__ is None


@pytest.mark.parametrize("algorithm", ["RS256", "ES256", "EdDSA"])
def test_a_private_key_of_each_algorithm_signs(algorithm: str) -> None:
    auth = Jwt(key="k", private_key=PEM[algorithm], algorithm=algorithm)
    token = auth.headers()["Authorization"].split(" ")[1]
    assert jwt.get_unverified_header(token)["alg"] == algorithm


def test_tokens_name_their_key_and_are_renewed_a_minute_before_their_end(clock: Slept) -> None:
    auth = Jwt(key="ns_a.b", secret=SECRET)
    for seconds, end in ((0.9, 900), (839, 900), (840, 1740), (1679, 1740), (1680, 2580), (0, 900)):
        clock.now = NOW + seconds
        assert claims_of(auth) == {"key": "ns_a.b", "iat": NOW + end - 900, "exp": NOW + end}, seconds


def test_a_short_secret_signs_without_a_warning() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        Jwt(key="k", secret="s").headers()


def test_a_finished_token_is_sent_until_a_minute_after_its_end(clock: Slept) -> None:
    auth = Jwt(token_of(100, SECRET))
    clock.now = NOW + 159
    assert auth.headers()["Authorization"].startswith("Bearer ")
    clock.now = NOW + 160
    with pytest.raises(ExpiredCredentialError):
        auth.headers()


def test_a_service_token_is_sent_in_two_headers_or_in_one() -> None:
    assert ServiceToken("i", "s").headers() == {"CF-Access-Client-Id": "i", "CF-Access-Client-Secret": "s"}
    (value,) = ServiceToken("i", "s", header="X-A").headers().values()
    assert json.loads(value) == {"cf-access-client-id": "i", "cf-access-client-secret": "s"}
