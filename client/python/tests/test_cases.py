"""The client does what the cases say."""

import json
import re
import warnings
from datetime import datetime, timezone
from functools import partial
from pathlib import Path
from typing import Any, Dict, List, Optional, Tuple

import pytest
from alpa_auth_client import AlpaClientError, Auth, Client, ConfigurationError, answers, environment, load_handout
from alpa_auth_client.transport import Answer

from .calls import Bench, run_call
from .cases import VALUES, Case, auth_headers, cases, claims_of, credential_of, fill, run
from .conftest import Slept
from .recordings import CASES as RECORDED
from .redaction import run_redaction
from .test_recorded import run_recorded

NOW = VALUES["now"]
HEAD = "# Access to https://api.example.com/alpa\n\nCredential a/b. It works {until}.\n\n"

Made = Tuple[str, Optional[Auth], Dict[str, Any]]


def made(case: Case, bench: Bench, slept: Slept) -> Made:
    """Creates the client that a case describes. Returns it as a text, with credential and options. A case may have no client."""
    client, env, page, text = (case.get(name) for name in ("client", "env", "page", "text"))
    if env is not None:
        files = {
            "file of ES256": bench.file(fill("{ES256}")),
            "file of handout": bench.file(HEAD.replace("{until}", "until it is revoked") + "    apikey: k 1\n"),
        }
        environ = {name: value for name, value in fill(env, files).items() if value is not None}
        shown = repr(Client.from_env(environ, **(client or {})))
        options = environment.read(environ, (client or {}).get("url"))
        return shown, options["auth"], options
    if page is not None:
        text = HEAD.replace("{until}", case["until"]) + page
    if text is not None:
        handout = load_handout(
            bench.file(text),
            private_key=fill(case.get("private_key")),
            today=datetime.fromtimestamp(NOW, timezone.utc).date(),
        )
        return repr(Client(**handout.arguments())), handout.auth, handout.arguments()
    clock = lambda: slept.now  # noqa: E731
    if client is None:
        return "", credential_of(case["auth"], clock), {}
    return repr(Client(**{**client, "auth": credential_of(client.get("auth"), clock)})), None, {}


#: `where: what must hold (got). What to do.` The advice may be missing if the first sentence says what to do.
FORM = re.compile(r"[^:]+: (must be .* \(got .*\)\.|.*( \(.*\)|, since .*)\. [A-Z].*[^ ])")


def run_settings(case: Case, bench: Bench, slept: Slept) -> None:
    case.get("until")
    if "problems" in case or "error" in case:
        with pytest.raises(AlpaClientError) as caught:
            made(case, bench, slept)
        text = str(caught.value)
        assert type(caught.value).__name__ == case.get("error", "ConfigurationError"), text
        assert case.get("says", "") in text
        assert "S3CRET" not in text and "PRIVATE KEY-----\n" not in text
        if isinstance(caught.value, ConfigurationError):
            _check_problems(caught.value.problems, case["problems"])
        return
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        shown, auth, options = made(case, bench, slept)
    assert case.get("shows", "") in shown
    assert [str(one.message) for one in warned if case.get("warns", "") not in str(one.message)] == []
    assert bool(warned) == ("warns" in case)
    if "answer_timeout_seconds" in case:
        assert options["answer_timeout_seconds"] == case["answer_timeout_seconds"]
    sent = auth_headers(auth, NOW)
    for name, value in fill(case.get("headers", {})).items():
        assert (json.loads(sent[name]) if isinstance(value, dict) else sent[name]) == value
    if "claims" in case:
        assert claims_of(sent) == case["claims"]


def _check_problems(found: List[str], expected: List[str]) -> None:
    assert len(found) == len(expected), found
    for start in expected:
        assert any(problem.startswith(start) for problem in found), (start, found)
    assert [problem for problem in found if not FORM.fullmatch(problem)] == []


def run_status(case: Case) -> None:
    without = case.get("without_credential", case["error"])
    texts = [case["body"]] if "body" in case else list(case.shared["bodies"].values())
    contents = [one if isinstance(one, str) else json.dumps(one) for one in fill(texts)]
    auths: List[Any] = [None, *(credential_of(name, lambda: NOW) for name in VALUES["credentials"])]
    for first, _, last in (one.partition("-") for one in case["statuses"]):
        for status in range(int(first), int(last or first) + 1):
            for auth in auths:
                for content in contents:
                    asked = answers.Asked("/completions", auth, NOW, lambda text: text)
                    with pytest.raises(AlpaClientError) as caught:
                        answers.read(Answer(status, {"Location": "https://b.example/"}, content.encode()), asked)
                    expected = (without if auth is None else case["error"], status)
                    assert (type(caught.value).__name__, caught.value.status) == expected, content


def run_tokens(case: Case) -> None:
    auth = credential_of(case["auth"], lambda: NOW)
    tokens: List[Dict[str, str]] = []
    for seconds, (number, end) in case["calls"].items():
        sent = auth.headers(NOW + float(seconds))
        if sent not in tokens:
            tokens.append(sent)
        assert (claims_of(sent)["exp"] - NOW, tokens.index(sent) + 1) == (end, number), f"at {seconds} s"
    assert case.get("claims", claims_of(tokens[0])) == claims_of(tokens[0])
    if "after" in case:
        seconds, name = case["after"]
        with pytest.raises(AlpaClientError) as caught:
            auth.headers(NOW + seconds)
        assert type(caught.value).__name__ == name


@pytest.mark.parametrize("case", cases("", without=() if RECORDED else ("recorded",)))
def test_case(case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bench, slept = Bench(tmp_path, monkeypatch), Slept(NOW)
    run(
        case,
        {
            "call": partial(run_call, bench=bench, slept=slept),
            "settings": partial(run_settings, bench=bench, slept=slept),
            "status": run_status,
            "tokens": run_tokens,
            "redaction": run_redaction,
            "recorded": run_recorded,
        },
    )
