"""Runs the cases of redaction in given texts, for arbitrary secrets, and in answers that repeat credentials."""

import base64
import html
import json
import traceback
from functools import reduce
from typing import Callable, Dict
from urllib.parse import quote, quote_plus

import pytest
from alpa_auth_client import AlpaClientError, Client, Clock
from alpa_auth_client.redact import without
from hypothesis import given, strategies as st

from .cases import VALUES, Case, Fields, credential_of, fill
from .server import Server, answering


def _each(write: str) -> Callable[[str], str]:
    return lambda text: "".join(write.format(ord(letter)) for letter in text)


STEPS: Dict[str, Callable[[str], str]] = {
    "json": lambda text: json.dumps(text)[1:-1],
    "quotes": lambda text: text.replace("\\", "\\\\").replace("'", "\\'"),
    "json codes": _each("\\u{:04x}"),
    "lower case": str.lower,
    "html": html.escape,
    "html decimal": _each("&#{};"),
    "html hexadecimal": _each("&#x{:X};"),
    "percent": lambda text: quote(text, safe=""),
    "plus": quote_plus,
    "percent codes": _each("%{:02x}"),
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "base64url": lambda text: base64.urlsafe_b64encode(text.encode()).decode().rstrip("="),
    "user": lambda text: f"u{text}@",
}


def all_of(error: BaseException) -> str:
    """Everything that an error reporter would show of an error: texts, causes, attributes, variables of frames."""
    shown = [repr(error), str(error), repr(error.args), repr(vars(error))]
    for frame, _ in traceback.walk_tb(error.__traceback__):
        if "alpa_auth_client" in frame.f_code.co_filename:
            shown += [repr(value) for value in frame.f_locals.values()]
    for cause in (error.__cause__, error.__context__):
        if cause is not None:
            shown.append(all_of(cause))
    return "\n".join(shown)


def run_redaction(case: Case) -> None:
    write: Callable[[str], str] = lambda text: reduce(lambda inner, step: STEPS[step](inner), case["steps"], text)  # noqa: E731

    def check(secret: str) -> None:
        left = without(f"<{write(secret)}>", [secret])
        # In base64, the first and last characters of a secret depend on the text next to it, so a few may remain.
        before, mask, after = left.partition("<secret>")
        assert mask and len(before) <= 7 and len(after) <= 7 and before[0] == "<" and after[-1] == ">", (secret, left)

    visible = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), min_size=12, max_size=60)
    given(visible)(check)()
    for secret in case.shared["secrets"]:
        check(secret)
    server = Server()
    for name in VALUES["credentials"]:
        for place in case.shared["places"]:
            _check_answer(server, place, name, case.shared["secrets"][2].strip(), write)
    server.close()


def _check_answer(server: Server, place: Fields, name: str, secret: str, write: Callable[[str], str]) -> None:
    """Asserts that an error does not show the credential, although the server's answer repeats it."""
    ((kind, arguments),) = VALUES["credentials"][name].items()
    if kind == "ApiKey":
        arguments = secret
    else:
        arguments = {field: secret if field in ("secret", "client_secret") else value for field, value in arguments.items()}
    auth = credential_of({kind: arguments}, lambda: VALUES["now"])
    own = kind != "Jwt" or "secret" in arguments
    sent = [value.replace("Bearer ", "") for key, value in auth.headers(VALUES["now"]).items() if key != "CF-Access-Client-Id"]
    said = " ; ".join(write(one) for one in [*sent, *([secret] if own else [])])
    server.replies = [answering(fill(place, {"said": said}), server)]
    with pytest.raises(AlpaClientError) as caught:
        Client(server.url, auth=auth, attempts=1, clock=Clock(now=lambda: VALUES["now"])).completions("a")
    shown = f"{all_of(caught.value)}{auth!r}".lower()
    # Skips the single header, which is JSON of the two parts. Only the signature of a token is secret.
    parts = [one.rpartition(".")[2] if kind == "Jwt" else one for one in sent if not one.startswith("{")]
    for one in [*parts, *([secret] if own else [])]:
        for form in (one, write(one)[3:-4]):
            assert form.lower() not in shown, shown
