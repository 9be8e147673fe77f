"""Turns an HTTP answer into a result or an error.

Alpa answers every error with 400, `type`, `message` and a `stacktrace` that is never empty. The gateway's errors have an empty
`stacktrace` or another shape, so only their status has a meaning. The edge answers with a redirect to a login page, or with HTML.
"""

import re
import time
from email.utils import parsedate_to_datetime
from math import ceil
from typing import Any, Dict, List, NoReturn, Optional

from requests import Response

from . import errors
from .auth import Auth, ServiceToken

#: Longest quote of a server's text in an error, in characters.
_LONGEST_QUOTE = 300
#: Lists that a result has, by the path of its request.
_LISTS = {"/completions": ("choices",), "/logprobs": ("logprobs", "indices")}


def read(response: Response, path: str, auth: Optional[Auth], secrets: List[str]) -> Dict[str, Any]:
    """The result in an answer, or else an AlpaClientError that shows none of the secrets."""
    status = response.status_code
    wait = _wait(response)
    number = response.headers.get("X-Request-Id") or response.headers.get("Cf-Ray")
    known: Dict[str, Any] = {
        "status": status,
        "request_id": None if number is None else _quote(number, secrets),
        "retry_after_seconds": wait,
    }
    if 300 <= status < 400:
        _redirected(response, auth, known)
    try:
        found: Any = response.json()
    except (ValueError, RecursionError):
        found = None
    said = _quote(_message(found, response), secrets)
    if status == 401:
        _unauthorized(auth, said, known)
    if status == 403:
        _forbidden(auth, said, known)
    if status == 429:
        step = None if wait is None else f"Wait {wait:g} s, then send fewer requests at a time."
        raise errors.RateLimitedError(f"Too many requests (429): {said}", next_step=step, **known)
    if status in (504, 524):
        raise errors.AnswerTimeoutError(f"The gateway or the edge stopped waiting for the answer ({status}): {said}", **known)
    if isinstance(found, dict) and found.get("type") == "error" and (status < 300 or status in (400, 500)):
        stacktrace = found.get("stacktrace")
        if status < 300 or stacktrace:
            raise errors.AlpaError(_clean(found.get("message"), secrets), _clean(stacktrace, secrets), **known)
    if status >= 500:
        raise errors.ModelUnreachableError(f"The gateway cannot reach the model ({status}): {said}", **known)
    if status >= 400:
        raise errors.RequestRefusedError(f"The gateway refused the request ({status}): {said}", **known)
    if not isinstance(found, dict) or not all(isinstance(found.get(name), list) for name in _LISTS[path]):
        raise errors.UnreadableAnswerError(f"The answer ({status}) is not a result: {said}", **known)
    return found


def _wait(response: Response) -> Optional[float]:
    """The wait that an answer asks for, in whole seconds: Retry-After, or for 429 the end of APISIX's window."""
    text = response.headers.get("Retry-After", "").strip()
    if not text and response.status_code == 429:
        text = response.headers.get("X-RateLimit-Reset", "").strip()
    # Some rate limiters send a fraction, although HTTP does not allow it.
    if re.fullmatch(r"[0-9]{1,9}(\.[0-9]+)?", text):
        return float(ceil(float(text)))
    try:
        return float(max(0, ceil(parsedate_to_datetime(text).timestamp() - time.time())))
    except (AttributeError, TypeError, ValueError, IndexError, OverflowError):
        return None


def _redirected(response: Response, auth: Optional[Auth], known: Dict[str, Any]) -> NoReturn:
    place = response.headers.get("Location", "")
    if not re.match(r"https://[\w.-]+\.cloudflareaccess\.com/|/cdn-cgi/access/login", place):
        raise errors.RedirectError(f"The answer is a redirect ({response.status_code}). The client did not follow it.", **known)
    what = f"The edge redirects to its login page ({response.status_code})."
    if auth is None:
        raise errors.MissingCredentialError(what, **known)
    if isinstance(auth, ServiceToken):
        raise errors.InvalidCredentialError(f"{what} The edge rejects the service token.", **known)
    raise errors.EdgeLoginError(what, **known)


def _unauthorized(auth: Optional[Auth], said: str, known: Dict[str, Any]) -> NoReturn:
    if auth is None:
        raise errors.MissingCredentialError(f"The service requires a credential (401): {said}", **known)
    if auth.has_expired():
        raise errors.ExpiredCredentialError(f"The token has expired (401): {said}", **known)
    raise errors.InvalidCredentialError(f"The credential was not accepted (401): {said}", **known)


def _forbidden(auth: Optional[Auth], said: str, known: Dict[str, Any]) -> NoReturn:
    step = None
    if re.search(r"error code: 1003\b", said):
        step = "Use the service's host name in the address. Cloudflare rejects requests to another host name."
    elif re.search(r"error code: 1\d{3}\b", said):
        step = "A rule of the edge blocks this program with any credential. Give the operator the error code."
    elif auth is None:
        raise errors.MissingCredentialError(f"The service rejects requests without a credential (403): {said}", **known)
    elif isinstance(auth, ServiceToken):
        # The edge's answer to a wrong service token is the same as to a valid service token that no policy admits.
        step = "Compare the service token with the handout. If both are equal, ask the operator to admit you."
    raise errors.NotAllowedError(f"Not allowed (403): {said}", next_step=step, **known)


def _message(found: Any, response: Response) -> str:
    """The text of an error, or a short description of another answer."""
    if isinstance(found, dict):
        error = found.get("error")
        inner = error.get("message") if isinstance(error, dict) else error
        texts = [found.get("message"), found.get("error_msg"), inner]
        return next((text for text in texts if isinstance(text, str) and text), "JSON without a message")
    text = response.text.strip()
    title = re.search(r"<title[^>]*>([^<]*)</title>", text, re.IGNORECASE)
    if title is not None:
        return f"a page with the title “{title.group(1)}”"
    return "a page" if text.startswith("<") else text or "an empty answer"


def _clean(text: Any, secrets: List[str]) -> str:
    """A server's text without secrets. Removing texts of fewer than 4 characters would make every message unreadable."""
    said = text if isinstance(text, str) else ""
    for secret in secrets:
        said = said.replace(secret, "<secret>") if len(secret) >= 4 else said
    return said


def _quote(text: str, secrets: List[str]) -> str:
    line = re.sub(r"[\x00-\x1f\x7f-\x9f]+", " ", _clean(text, secrets)).strip()
    return line if len(line) <= _LONGEST_QUOTE else f"{line[:_LONGEST_QUOTE]}…"
