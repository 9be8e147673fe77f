"""Runs a case: a call at a server that sends the answers of the case, or at an address of the world."""

from typing import Any, Callable, Dict, List, Optional

import pytest
from alpa_auth_client import AlpaClientError, Client

from .cases import Case, Fields, credential_of, fill
from .conftest import Slept
from .server import Server, answering


def run_call(case: Case, slept: Slept, names: Fields, make: Callable[..., Any] = Client) -> None:
    """:param names: values for the names in braces :param make: the class of the client"""
    method, answers = case.get("method", "completions"), case.get("answers")
    for one in ["completions", "logprobs"] if method == "both" else [method]:
        for _ in range(case.get("times", 1)):
            slept.clear()
            if answers is None:
                _call(case, one, fill(case.get("address"), names), slept, names, make)
                continue
            server = Server()
            server.replies = [answering(answer) for answer in fill(answers, names)]
            if not answers:
                server.close()  # Then there is no connection.
            _call(case, one, server.url, slept, names, make)
            if answers:
                server.close()
            assert len(server.received) == case.get("requests", 1)
    assert not case.unread, f"fields that no runner reads: {case.unread}"


def _call(
    case: Case, method: str, url: Optional[str], slept: Slept, names: Fields, make: Callable[..., Any]
) -> None:
    options: Dict[str, Any] = case.get("client", {})
    auth = case.get("auth")
    client = make(url, auth=credential_of(None if auth is None else case.credentials[auth], names), **options)
    call, prompt = getattr(client, method), fill(case.get("prompt", "a prompt"), names)
    if "error" not in case:
        result = call(prompt, **case.get("arguments", {}))
        if "texts" in case:
            assert [choice["text"] for choice in result["choices"]] == case["texts"]
    else:
        with pytest.raises(AlpaClientError) as caught:
            call(prompt, **case.get("arguments", {}))
        _check_error(case, caught.value, names)
    assert slept == case.get("waits", [])


def _check_error(case: Case, error: AlpaClientError, names: Fields) -> None:
    text = str(error)
    assert type(error).__name__ == case["error"], text
    assert len(error.next_step) > 10 and error.next_step in text
    assert case.get("says", "") in text
    unwanted: List[str] = [*fill(case.get("lacks", []), names), "a prompt", "-of-team"]
    assert [one for one in unwanted if one in text + repr(vars(error))] == []
    # An exception of requests contains the request.
    assert error.__cause__ is None and error.__context__ is None
    wait = case.get("retry_after_seconds", ...)
    if isinstance(wait, list):
        assert wait[0] <= (error.retry_after_seconds or 0) <= wait[1]
    elif wait is not ...:
        assert error.retry_after_seconds == wait
    for name in ("status", "request_id", "sent", "stacktrace"):
        if name in case:
            value = getattr(error, name)
            assert value if case[name] == "{any}" else value == case[name], name
