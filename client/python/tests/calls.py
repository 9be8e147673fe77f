"""Runs the cases of calls, with a server that sends the answers of a case, or at an address."""

import json
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, List, Optional

import pytest
from alpa_auth_client import AlpaClientError, Client

from .cases import Case, Fields, credential_of, fill
from .certificates import EXPIRED, Authority
from .conftest import Slept
from .redaction import all_of
from .server import Raw, Server, answering

SERVERS = ("https", "https that has expired", "https of another name", "https of an unknown authority")


class Bench:
    """The fixtures of pytest that cases use."""

    def __init__(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = tmp_path
        self.monkeypatch = monkeypatch

    def file(self, text: str) -> str:
        file = self.folder / f"{len(list(self.folder.iterdir()))}.md"
        file.write_bytes(text.encode())
        return str(file)


@contextmanager
def site_of(kind: str, answers: List[Fields], bench: Bench) -> Iterator[Server]:
    """A server that sends answers one after the other. All further requests get the last answer."""
    if kind == "closed":
        server = Server()
        server.close()
        yield server
        return
    if kind in ("bytes", "no TLS"):
        server = Raw()
    else:
        assert kind == "http" or kind in SERVERS, f"{kind} is no kind of server"
        server = Server(_context(kind, bench) if kind in SERVERS else None)
    names = {"port": server.port}
    server.replies = [answering(fill(answer, names), server) for answer in answers]
    if kind == "no TLS":
        server.url = server.url.replace("http:", "https:")
    try:
        yield server
    finally:
        server.close()


def _context(kind: str, bench: Bench) -> Any:
    authority, other = Authority(bench.folder), Authority(bench.folder, "other")
    bench.monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(authority.bundle))
    if kind == "https of an unknown authority":
        return other.context()
    names = ["api.example.com"] if kind == "https of another name" else ["127.0.0.1", "localhost"]
    return authority.context(names, EXPIRED if kind == "https that has expired" else None)


def run_call(
    case: Case, bench: Bench, slept: Slept, names: Optional[Fields] = None, make: Callable[..., Any] = Client
) -> None:
    """:param names: values for the names in braces :param make: the class of the client"""
    method, path, answers = case.get("method", "completions"), case.get("path", "/alpa"), case.get("answers")
    start = slept.now
    for one in ["completions", "logprobs"] if method == "both" else [method]:
        for _ in range(case.get("times", 1)):
            slept.clear()
            slept.now = start
            if answers is None:
                _call(case, one, fill(case.get("address"), names), bench, slept, names, make)
                continue
            with site_of(case.get("server", "http"), answers, bench) as site:
                _call(case, one, site.url.replace("/alpa", path), bench, slept, names, make)
                _check_requests(case, site)


def _call(
    case: Case, method: str, url: str, bench: Bench, slept: Slept, names: Optional[Fields], make: Callable[..., Any]
) -> None:
    options: Dict[str, Any] = case.get("client", {})
    auth = credential_of(case.get("auth"), lambda: slept.now, names, case.shared.get("credentials"))
    handout, env, prompt = case.get("handout"), case.get("env"), case.get("prompt", "a prompt")
    if handout is not None:
        client = Client.from_credentials_file(fill(handout, names), private_key=fill(case.get("private_key"), names))
    elif env is not None:
        client = Client.from_env(fill(env, names))
    else:
        client = make(url, auth=auth, **options, **({"clock": slept.clock} if make is Client else {}))
    slept.now += case.get("later", 0)
    call = getattr(client, method)
    if "error" not in case:
        result = call(fill(prompt), **case.get("arguments", {}))
        if "texts" in case:
            assert [choice["text"] for choice in result["choices"]] == case["texts"]
    else:
        with pytest.raises(AlpaClientError) as caught:
            call(fill(prompt), **case.get("arguments", {}))
        _check_error(case, caught.value)
    assert slept == case.get("waits", [])


def _check_error(case: Case, error: AlpaClientError) -> None:
    text = str(error)
    assert type(error).__name__ == case["error"], text
    assert len(error.next_step) > 10 and error.next_step in text
    assert case.get("says", "") in text
    for unwanted in [*map(fill, case.get("lacks", [])), "a prompt"]:
        assert unwanted not in text
    assert "-of-team" not in all_of(error).lower()
    wait = case.get("retry_after_seconds", ...)
    if isinstance(wait, list):
        assert wait[0] <= (error.retry_after_seconds or 0) <= wait[1]
    elif wait is not ...:
        assert error.retry_after_seconds == wait
    for name in ("status", "request_id", "sent", "stacktrace"):
        if name in case:
            value = getattr(error, name)
            assert value if case[name] == "{any}" else value == case[name], name


def _check_requests(case: Case, site: Server) -> None:
    assert len(site.received) == case.get("requests", 1)
    sends = fill(case.get("sends", {}))
    if "path" in sends:
        assert (site.received[0].method, site.received[0].path) == ("POST", sends["path"])
    if "body" in sends:
        assert list(json.loads(site.received[0].body).items()) == list(sends["body"].items())
    for name, value in sends.get("headers", {}).items():
        values: List[Any] = site.received[0].values(name)
        assert [json.loads(one) for one in values] == [value] if isinstance(value, dict) else values == [value][: value is not None]
