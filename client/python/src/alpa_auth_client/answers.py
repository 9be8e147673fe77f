"""Turns an HTTP answer into a result or an error.

The format of an error depends on its sender. Alpa answers every error with 400, `type`, `message` and a `stacktrace` that is
never empty. The gateway answers in the same shape with an empty `stacktrace`, with `{"message"}` or `{"error_msg"}`, or with a
page of nginx, so only its status has a meaning. The edge answers with HTML: 302 to a login page, and 401 or 403 for a rejected
credential.
"""

import json
import re
from typing import Any, Callable, Dict, List, Mapping, NoReturn, Optional
from urllib.parse import urlsplit

from . import waits
from .auth import Auth, ServiceToken
from .errors import (
    AlpaError,
    AnswerTimeoutError,
    EdgeLoginError,
    ExpiredCredentialError,
    InvalidCredentialError,
    MissingCredentialError,
    ModelUnreachableError,
    NotAllowedError,
    RateLimitedError,
    RedirectError,
    RequestRefusedError,
    UnreadableAnswerError,
)
from .results import RESULTS
from .tokens import SKEW_SECONDS, Jwt
from .transport import Answer

#: Longest quote of a server's text in an error, in characters.
_LONGEST_QUOTE = 300


class Asked:
    """The request and the context for interpreting its answer.

    :param path: path of the request, one of results.RESULTS
    :param auth: the credential of the request
    :param now: seconds since 1970
    :param clean: removes secrets from a text
    """

    def __init__(self, path: str, auth: Optional[Auth], now: float, clean: Callable[[str], str]) -> None:
        self.is_result = RESULTS[path]
        self.auth = auth
        self.now = now
        self.clean = clean


def read(answer: Answer, asked: Asked) -> Dict[str, Any]:
    """The result in an answer.

    :raises AlpaClientError: the answer is not a result
    """
    status = answer.status
    wait = (waits.window_end if status == 429 else waits.retry_after)(answer.headers, asked.now)
    known: Dict[str, Any] = {
        "status": status,
        "request_id": _request_id(answer.headers, asked),
        "retry_after_seconds": wait,
    }
    if 300 <= status < 400:
        _redirected(answer, asked, known)
    found = _json(answer.body)
    said = _said(found, answer, asked)
    if status == 401:
        _unauthorized(answer, asked, said, known)
    if status == 403:
        _forbidden(asked, said, known)
    if status == 429:
        step = None if wait is None else f"Wait {wait:g} s, then send fewer requests at a time."
        raise RateLimitedError(f"Too many requests (429): {said}", next_step=step, **known)
    if status in (504, 524):
        raise AnswerTimeoutError(f"The gateway or the edge stopped waiting for the answer ({status}): {said}", **known)
    if isinstance(found, dict) and found.get("type") == "error" and (status < 300 or status in (400, 500)):
        stacktrace = found.get("stacktrace")
        if status < 300 or (isinstance(stacktrace, str) and stacktrace):
            message = found.get("message")
            raise AlpaError(
                asked.clean(message) if isinstance(message, str) else "",
                asked.clean(stacktrace) if isinstance(stacktrace, str) else "",
                **known,
            )
    if status >= 500:
        raise ModelUnreachableError(f"The gateway cannot reach the model ({status}): {said}", **known)
    if status >= 400:
        late = "The gateway timed out before the request arrived completely. Check the network, then send the request again."
        step = late if status == 408 else None
        raise RequestRefusedError(f"The gateway refused the request ({status}): {said}", next_step=step, **known)
    if not 200 <= status < 300 or not isinstance(found, dict) or not asked.is_result(found):
        raise UnreadableAnswerError(f"The answer ({status}) is not a result: {said}", **known)
    return found


def _redirected(answer: Answer, asked: Asked, known: Dict[str, Any]) -> NoReturn:
    place = answer.headers.get("Location", "")
    try:
        parts = urlsplit(place)
        host = parts.hostname or ""
        path = parts.path
    except ValueError:
        host = path = ""
    login = host == "cloudflareaccess.com" or host.endswith(".cloudflareaccess.com")
    if login or path.startswith("/cdn-cgi/access/login"):
        what = f"The edge redirects to its login page ({answer.status})."
        if asked.auth is None:
            raise MissingCredentialError(what, **known)
        if isinstance(asked.auth, ServiceToken):
            raise InvalidCredentialError(f"{what} The edge rejects the service token.", **known)
        raise EdgeLoginError(what, **known)
    where = asked.clean(_quote(host)) or "another path of the same host"
    raise RedirectError(f"The answer is a redirect ({answer.status}) to {where}. The client did not follow it.", **known)


def _unauthorized(answer: Answer, asked: Asked, said: str, known: Dict[str, Any]) -> NoReturn:
    if asked.auth is None:
        raise MissingCredentialError(f"The service requires a credential (401): {said}", **known)
    # Uses the server's clock if it is known. Only then does an expired token explain the rejection.
    date = waits.date_of(answer.headers.get("Date", ""))
    if asked.auth.is_over(asked.now if date is None else date):
        raise ExpiredCredentialError(f"The token has expired (401): {said}", **known)
    clock = _clock_advice(date, asked)
    raise InvalidCredentialError(f"The credential was not accepted (401): {said}", next_step=clock, **known)


def _clock_advice(date: Optional[float], asked: Asked) -> Optional[str]:
    """Advice if this machine's clock is wrong. The header Date shows the gateway's clock."""
    if not isinstance(asked.auth, Jwt) or date is None or abs(date - asked.now) <= SKEW_SECONDS:
        return None
    way = "behind" if date > asked.now else "ahead"
    return f"This machine's clock is {abs(date - asked.now):.0f} s {way}: set it. {InvalidCredentialError.next_step}"


def _forbidden(asked: Asked, said: str, known: Dict[str, Any]) -> NoReturn:
    if re.search(r"error code: 1003\b", said):
        step = (
            "Use the service's host name in the address. "
            "Cloudflare rejects requests to an IP address or to another host name."
        )
        raise NotAllowedError(f"The edge refuses this address (403): {said}", next_step=step, **known)
    if re.search(r"error code: 1\d{3}\b", said):
        step = "A rule of the edge blocks this program with any credential. Give the operator the error code."
        raise NotAllowedError(f"The edge refuses this program (403): {said}", next_step=step, **known)
    if asked.auth is None:
        raise MissingCredentialError(f"The service rejects requests without a credential (403): {said}", **known)
    # The edge's answer to a wrong service token is the same as to a valid service token that no policy admits.
    edge = isinstance(asked.auth, ServiceToken)
    step = "Compare the service token with the handout. If both are equal, ask the operator to admit you."
    raise NotAllowedError(f"Not allowed (403): {said}", next_step=step if edge else None, **known)


def _json(body: bytes) -> object:
    try:
        return json.loads(body.decode("utf-8"))
    except (ValueError, RecursionError):
        return None


def _said(found: object, answer: Answer, asked: Asked) -> str:
    """A short description of an answer."""
    if isinstance(found, dict):
        error = found.get("error")
        texts: List[object] = [found.get("message"), found.get("error_msg"), error]
        if isinstance(error, dict):
            texts.append(error.get("message"))
        for text in texts:
            if isinstance(text, str) and text:
                return _quote(asked.clean(text))
        return "JSON without a message" if answer.status >= 400 else "JSON of another shape"
    text = answer.body[:1_000_000].decode("utf-8", "replace").strip()
    if text == "":
        return "an empty answer"
    title = re.search(r"<title[^>]*>([^<]*)</title>", text, re.IGNORECASE)
    if title is not None:
        return f"a page with the title “{_quote(asked.clean(title.group(1)))}”"
    if text.startswith("<"):
        return "a page"
    if found is None and text[0] in "{[":
        return "JSON that is broken or cut off"
    if found is not None or answer.status < 400:
        return "no JSON object"
    return _quote(asked.clean(text))


def _quote(text: str) -> str:
    line = re.sub(r"[\x00-\x1f\x7f-\x9f]+", " ", text).strip()
    return line if len(line) <= _LONGEST_QUOTE else f"{line[:_LONGEST_QUOTE]}…"


def _request_id(headers: Mapping[str, str], asked: Asked) -> Optional[str]:
    text = headers.get("X-Request-Id") or headers.get("Cf-Ray")
    return asked.clean(text) if text is not None and re.fullmatch(r"[A-Za-z0-9_.:-]{1,64}", text) else None
