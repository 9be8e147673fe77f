"""Tokens: created, renewed in time, and rejected when they have expired or are invalid."""

import json
from email.utils import formatdate
from typing import Any, Dict, List, Optional

import jwt
import pytest
from alpa_auth_client import (
    AlpaClientError,
    Client,
    ConfigurationError,
    ExpiredCredentialError,
    InvalidCredentialError,
    Jwt,
)
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from .conftest import COMPLETION, Slept
from .server import Server, reply

SECRET = "a-shared-secret-of-more-than-32-bytes"
NOW = 1_800_000_000

PRIVATE: Dict[str, Any] = {
    "RS256": rsa.generate_private_key(public_exponent=65537, key_size=2048),
    "ES256": ec.generate_private_key(ec.SECP256R1()),
    "EdDSA": ed25519.Ed25519PrivateKey.generate(),
}


def pem(algorithm: str, encryption: Any = serialization.NoEncryption()) -> str:
    form = serialization.PrivateFormat.PKCS8
    text: bytes = PRIVATE[algorithm].private_bytes(serialization.Encoding.PEM, form, encryption)
    return text.decode()


def token(claims: Dict[str, Any], secret: str = SECRET) -> str:
    return jwt.encode(claims, secret, algorithm="HS256")


def sent(auth: Jwt, now: float) -> str:
    name, value = next(iter(auth.headers(now).items()))
    assert name == "Authorization" and value.startswith("Bearer ")
    return value[len("Bearer ") :]


def claims(text: str, key: Any = SECRET, algorithm: str = "HS256") -> Dict[str, Any]:
    options: Any = {"verify_exp": False, "verify_iat": False}
    return jwt.decode(text, key, algorithms=[algorithm], options=options)


def test_a_token_from_a_secret_names_its_key_and_expires_after_15_minutes() -> None:
    auth = Jwt(key="ns_a.b", secret=SECRET, claims={"job": "nightly"})
    assert claims(sent(auth, NOW + 0.9)) == {"key": "ns_a.b", "iat": NOW, "exp": NOW + 900, "job": "nightly"}


@pytest.mark.parametrize("algorithm", PRIVATE)
def test_a_private_key_signs(algorithm: str) -> None:
    auth = Jwt(key="k", private_key=pem(algorithm), algorithm=None if algorithm == "RS256" else algorithm)
    assert claims(sent(auth, NOW), PRIVATE[algorithm].public_key(), algorithm)["key"] == "k"


def test_a_token_is_reused_and_renewed_a_minute_before_it_expires() -> None:
    auth = Jwt(key="k", secret=SECRET)
    first = sent(auth, NOW)
    assert sent(auth, NOW + 840) == first
    second = sent(auth, NOW + 841)
    assert claims(second)["exp"] == NOW + 841 + 900


def test_a_new_token_is_created_after_the_clock_was_set_back() -> None:
    auth = Jwt(key="k", secret=SECRET)
    sent(auth, NOW)
    assert claims(sent(auth, NOW - 3600))["exp"] == NOW - 2700


def test_a_new_token_is_created_when_the_clock_was_set_back_by_more_than_the_skew() -> None:
    auth = Jwt(key="k", secret=SECRET)
    first = sent(auth, NOW)
    assert sent(auth, NOW - 60) == first
    assert claims(sent(auth, NOW - 61))["exp"] == NOW - 61 + 900


def test_a_long_running_client_never_sends_a_token_that_is_about_to_expire(server: Server, slept: Slept) -> None:
    server.replies = [reply(200, COMPLETION)]
    client = Client(server.url, auth=Jwt(key="k", secret=SECRET), clock=slept.clock)
    for _ in range(20):
        client.completions("a")
        slept.now += 700
    tokens = [seen.values("Authorization")[0].split(" ")[1] for seen in server.received]
    assert [claims(text)["exp"] - (NOW + 700 * i) >= 60 for i, text in enumerate(tokens)] == [True] * 20
    assert len(set(tokens)) == 10


def test_a_finished_token_is_sent_unchanged() -> None:
    text = token({"key": "k", "exp": NOW + 100})
    assert sent(Jwt(text, clock=lambda: NOW), NOW) == text


def test_an_expired_token_is_rejected_when_the_client_is_created() -> None:
    with pytest.raises(ExpiredCredentialError, match="has expired"):
        Jwt(token({"exp": NOW - 61}), clock=lambda: NOW)


def test_a_token_that_has_expired_since_is_rejected_before_anything_is_sent(server: Server, slept: Slept) -> None:
    client = Client(server.url, auth=Jwt(token({"exp": NOW + 5}), clock=lambda: NOW), clock=slept.clock)
    slept.now = NOW + 66
    with pytest.raises(ExpiredCredentialError):
        client.completions("a")
    assert server.received == []


@pytest.mark.parametrize(
    "end,theirs,error",
    [
        (30, None, InvalidCredentialError),
        (1, 0, InvalidCredentialError),
        (-30, None, ExpiredCredentialError),
        (0, 0, ExpiredCredentialError),
        (30, 45, ExpiredCredentialError),
        (-30, -45, InvalidCredentialError),
        (3000, 0, InvalidCredentialError),
    ],
)
def test_a_rejected_token_is_expired_by_the_servers_clock_or_invalid(
    server: Server, slept: Slept, end: int, theirs: Optional[int], error: type
) -> None:
    date = {} if theirs is None else {"Date": formatdate(NOW + theirs, usegmt=True)}
    server.replies = [reply(401, '{"message":"failed to verify jwt"}', date)]
    with pytest.raises(AlpaClientError) as caught:
        Client(server.url, auth=Jwt(token({"exp": NOW + end}), clock=lambda: NOW), clock=slept.clock).completions("a")
    assert type(caught.value) is error
    assert len(server.received) == 1


def test_reports_a_wrong_clock(server: Server, slept: Slept) -> None:
    server.replies = [reply(401, "{}", {"Date": "Fri, 15 Jan 2027 09:00:00 GMT"})]
    with pytest.raises(InvalidCredentialError, match="clock is 3600 s behind: set it"):
        Client(server.url, auth=Jwt(key="k", secret=SECRET), clock=slept.clock).completions("a")


REFUSED: List[Any] = [
    ("no JWT", {"token": "abc"}, ["token: must be a JWT"]),
    ("Bearer in front", {"token": "Bearer " + token({"exp": NOW * 2})}, ["token: must be a JWT"]),
    ("a line break", {"token": token({"exp": NOW * 2}) + "\r\nX: y"}, ["token: must be one line"]),
    ("no exp", {"token": token({"key": "k"})}, ["token: must expire"]),
    ("an exp that is not a number", {"token": token({"exp": True})}, ["token: must expire"]),
    (
        "alg none",
        {"token": jwt.encode({"exp": NOW * 2}, None, algorithm="none")},  # type: ignore[arg-type]
        ["token: must be signed"],
    ),
    ("an unknown algorithm", {"key": "k", "secret": "s", "algorithm": "hs256"}, ["algorithm: must be one of"]),
    ("HS512, which no credential has", {"key": "k", "secret": "s", "algorithm": "HS512"}, ["algorithm: must be one of"]),
    ("a secret for RS256", {"key": "k", "secret": "s", "algorithm": "RS256"}, ["algorithm: must be HS256 with secret"]),
    ("a private key for HS256", {"key": "k", "private_key": pem("RS256"), "algorithm": "HS256"}, ["algorithm: must be HS256 with secret"]),
    ("a key of another kind", {"key": "k", "private_key": pem("EdDSA")}, ["private_key: must be a private key for RS256"]),
    ("a truncated PEM", {"key": "k", "private_key": pem("RS256")[:300]}, ["private_key: must be a private key for RS256"]),
    (
        "a PEM of noise",
        {"key": "k", "private_key": "-----BEGIN PRIVATE KEY-----\nbm8=\n-----END PRIVATE KEY-----\n"},
        ["private_key: must be a private key for RS256"],
    ),
    (
        "a public key",
        {
            "key": "k",
            "private_key": PRIVATE["RS256"]
            .public_key()
            .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
            .decode(),
        },
        ["private_key: must be a private key as PEM"],
    ),
    ("the name of a file", {"key": "k", "private_key": "private.pem"}, ["private_key: must be a private key as PEM"]),
    (
        "an encrypted key",
        {"key": "k", "private_key": pem("RS256", serialization.BestAvailableEncryption(b"p"))},
        ["private_key: must not be encrypted"],
    ),
    ("both", {"key": "k", "secret": "s", "private_key": pem("RS256")}, ["secret, private_key: must be exactly one"]),
    ("a token and a secret", {"token": token({"exp": NOW * 2}), "secret": "s"}, ["token: cannot be combined with key"]),
    ("an empty secret", {"key": "k", "secret": ""}, ["secret: must be a non-empty string"]),
    (
        "everything at once",
        {"secret": "s", "algorithm": "none", "lifetime_seconds": 1, "claims": {"exp": 1}},
        ["key: must be a string", "claims: must not have exp", "lifetime_seconds: must be", "algorithm: must be one of"],
    ),
]


@pytest.mark.parametrize("what,arguments,expected", REFUSED, ids=[case[0] for case in REFUSED])
def test_rejects(what: str, arguments: Dict[str, Any], expected: List[str]) -> None:
    with pytest.raises(ConfigurationError) as caught:
        Jwt(**arguments)
    problems = caught.value.problems
    assert len(problems) == len(expected)
    for problem, start in zip(problems, expected):
        assert problem.startswith(start)
    for value in ("token", "private_key"):
        given = arguments.get(value)
        assert given is None or len(given) < 20 or given[20:40] not in json.dumps(problems)
