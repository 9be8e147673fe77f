"""The error for each status, whatever the body says."""

import json
from typing import Dict, List, Optional, Tuple, Type

import pytest
from alpa_auth_client import (
    AlpaClientError,
    AlpaError,
    AnswerTimeoutError,
    ApiKey,
    Auth,
    InvalidCredentialError,
    MissingCredentialError,
    ModelUnreachableError,
    NotAllowedError,
    RateLimitedError,
    RedirectError,
    RequestRefusedError,
    UnreadableAnswerError,
    answers,
)
from alpa_auth_client.transport import Answer

from .conftest import COMPLETION, LOGPROBS

#: An error status with a body like that of a success must not become a result.
BODIES: Dict[str, bytes] = {
    "a result": COMPLETION.encode(),
    "the gateway's shape": b'{"message":"m"}',
    "its other shape": b'{"error_msg":"m"}',
    "Alpa's shape": b'{"type":"error","message":"m","stacktrace":""}',
    "a page": b"<html><head><title>t</title></head></html>",
    "nothing": b"",
    "null": b"null",
}
STATUSES: List[Tuple[Type[AlpaClientError], List[int]]] = [
    (RedirectError, [300, 301, 302, 303, 304, 307, 308, 399]),
    (InvalidCredentialError, [401]),
    (NotAllowedError, [403]),
    (RateLimitedError, [429]),
    (AnswerTimeoutError, [504, 524]),
    (ModelUnreachableError, [500, 501, 502, 503, 505, 520, 521, 522, 523, 525, 526, 530, 599]),
    (RequestRefusedError, [400, 402, 404, 405, 406, 408, 410, 411, 413, 414, 415, 422, 431, 451, 499]),
    (UnreadableAnswerError, [202, 204]),
]


def read(status: int, body: bytes, auth: Optional[Auth] = ApiKey("k"), path: str = "/completions") -> object:
    asked = answers.Asked(path, auth, 0, lambda text: text)
    return answers.read(Answer(status, {"Location": "https://a.example/"}, body), asked)


@pytest.mark.parametrize("what", BODIES)
@pytest.mark.parametrize("error,statuses", STATUSES, ids=[error.__name__ for error, _ in STATUSES])
def test_the_error_depends_on_the_status(what: str, error: Type[AlpaClientError], statuses: List[int]) -> None:
    for status in statuses:
        if status < 300 and what == "a result":
            continue
        with pytest.raises(AlpaClientError) as caught:
            read(status, BODIES[what])
        expected = AlpaError if status == 200 else error
        assert type(caught.value) is expected, f"{status}: {caught.value}"
        assert caught.value.status == status


@pytest.mark.parametrize("status", [401, 403])
def test_reports_a_missing_credential(status: int) -> None:
    with pytest.raises(MissingCredentialError):
        read(status, b"", None)


def test_recognizes_an_address_that_the_edge_does_not_serve() -> None:
    with pytest.raises(NotAllowedError, match="error code: 1003.*Use the service's host name in the address"):
        read(403, b"error code: 1003\n")


@pytest.mark.parametrize("number", [1006, 1010, 1106, 1200])
def test_recognizes_a_rule_of_the_edge_by_its_number(number: int) -> None:
    with pytest.raises(NotAllowedError, match="Give the operator the number: a rule of the edge"):
        read(403, f"error code: {number}\n".encode())


def test_an_error_with_a_stacktrace_is_alpas_and_one_without_is_the_gateways() -> None:
    error = {"type": "error", "message": "m", "stacktrace": "File x"}
    for status in (200, 400, 500):
        with pytest.raises(AlpaError):
            read(status, json.dumps(error).encode())
    with pytest.raises(AlpaError):
        read(200, json.dumps({**error, "stacktrace": ""}).encode())
    with pytest.raises(RequestRefusedError):
        read(400, json.dumps({**error, "stacktrace": ""}).encode())
    with pytest.raises(AlpaError, match=r"\(no text\)"):
        read(400, json.dumps({**error, "message": ""}).encode())


#: None of these is a result of any method.
NO_RESULTS: List[bytes] = [
    *(b"{}", b"[]", b'"choices"', COMPLETION.encode() + b"x", b"\xef\xbb\xbf" + COMPLETION.encode()),
    *(b'{"choices": null}', b'{"choices": {}}', b'{"choices": "one"}', b'{"choices": [null]}', b'{"choices": [{}]}'),
    *(b'{"choices": [{"text": "a"}, {"text": null}]}', b'{"choices": ["a"]}', b'{"logprobs": []}'),
    *(b'{"cache_id": "1", "logprobs": null, "indices": []}', b'{"cache_id": "1", "logprobs": [], "indices": {}}'),
    *(b'{"cache_id": null, "logprobs": [], "indices": []}', b'{"logprobs": [], "indices": []}'),
    b'{"message": "welcome"}',
]


@pytest.mark.parametrize("body", NO_RESULTS)
@pytest.mark.parametrize("path", ["/completions", "/logprobs"])
def test_a_text_that_only_looks_like_a_result_is_none(path: str, body: bytes) -> None:
    with pytest.raises(UnreadableAnswerError):
        read(200, body, path=path)


def test_a_result_of_one_method_is_none_of_the_other() -> None:
    assert read(200, COMPLETION.encode()) == json.loads(COMPLETION)
    assert read(200, LOGPROBS.encode(), path="/logprobs") == json.loads(LOGPROBS)
    for body, path in ((COMPLETION, "/logprobs"), (LOGPROBS, "/completions")):
        with pytest.raises(UnreadableAnswerError):
            read(200, body.encode(), path=path)
