"""Sends a request and decides when to repeat it. This module is all that Alpa's own client needs of this package."""

import json
import time
import warnings
from typing import Any, Callable, Dict, List, NamedTuple, Optional, Tuple, Union
from urllib.parse import urlsplit

from . import address, answers, transport
from .auth import Auth
from .errors import (
    AlpaClientError,
    AnswerTimeoutError,
    ConfigurationError,
    ConnectionFailedError,
    ModelUnreachableError,
    RateLimitedError,
    UnreadableAnswerError,
)
from .redact import without
from .secret import Secret, kind

#: Default address of Alpa's own client. Only Alpa's own key may be sent there.
DEFAULT_URL = "https://api.alpa.ai"
#: Longest time for one answer, in seconds: the gateway's 600, and 10 for its error to arrive.
ANSWER_TIMEOUT_SECONDS = 610.0
#: Longest time to connect, in seconds; the gateway itself waits 5 s for Alpa.
CONNECT_TIMEOUT_SECONDS = 10.0
#: Largest number of attempts of one request.
ATTEMPTS = 3
#: Longest wait between two attempts, in seconds. The windows of limits are usually a minute.
MAX_WAIT_SECONDS = 60.0

#: Wait after the first failed connection, in seconds; doubles with each further one.
_CONNECT_WAIT_SECONDS = 0.5

_HTTPS = "Use https, or allow_http=True if the network is trusted."
VERSION = "0.1.0"


class PlainHttpWarning(UserWarning):
    """Warns that a credential is sent over plain HTTP, which `allow_http` permits."""


class Clock(NamedTuple):
    """The clock, which tests replace."""

    now: Callable[[], float] = time.time
    sleep: Callable[[float], None] = time.sleep


class Sender:
    """POSTs JSON below one address.

    :param url: address of the service, without a query
    :param auth: how to authenticate; None sends no credential
    :param answer_timeout_seconds: longest time until an answer is complete. Alpa sends nothing before. Default 610
    :param connect_timeout_seconds: longest time to connect. Default 10
    :param attempts: largest number of attempts. Default 3. The client repeats a request only if it did not reach the
        model: after 429, after 503 with Retry-After, and if no connection was opened
    :param max_wait_seconds: longest wait between two attempts. If the server asks for a longer wait, the call fails.
        Default 60
    :param allow_http: send a credential over plain HTTP to another host than this one, with a warning. Default False
    :param body_secret: the secret in the bodies, for example Alpa's `api_key`
    :raises ConfigurationError: lists every problem
    """

    def __init__(
        self,
        url: Optional[str],
        auth: Optional[Auth] = None,
        *,
        answer_timeout_seconds: float = ANSWER_TIMEOUT_SECONDS,
        connect_timeout_seconds: float = CONNECT_TIMEOUT_SECONDS,
        attempts: int = ATTEMPTS,
        max_wait_seconds: float = MAX_WAIT_SECONDS,
        allow_http: bool = False,
        body_secret: Optional[str] = None,
        problems: Tuple[str, ...] = (),
        clock: Clock = Clock(),
    ) -> None:
        found: List[str] = list(problems)
        place = address.read(url, found)
        if auth is not None and place is not None and place.host == urlsplit(DEFAULT_URL).hostname:
            found.append("url: must be the gateway's address if auth is given (it is the default address of Alpa's client). Take the address from the handout.")
        if auth is not None and body_secret is not None:
            found.append(
                "auth: must be the only credential (api_key is given too). "
                "To call a gateway, keep auth. To call Alpa directly, keep api_key."
            )
        if auth is not None and not isinstance(auth, Auth):
            found.append(f"auth: must be an ApiKey, a Jwt or a ServiceToken (got {kind(auth)}). Create one from the credential, for example ApiKey(key).")
        for name, value, least in (
            ("answer_timeout_seconds", answer_timeout_seconds, 0.001),
            ("connect_timeout_seconds", connect_timeout_seconds, 0.001),
            ("max_wait_seconds", max_wait_seconds, 0),
        ):
            # A value of more than a day is most likely a mistake.
            if not _is_number(value) or not least <= value <= 86400:
                found.append(f"{name}: must be a number of seconds from {least:g} to 86400 (got {value!r}).")
        if not _is_number(attempts) or not 1 <= attempts <= 10 or int(attempts) != attempts:
            found.append(f"attempts: must be a whole number from 1 to 10 (got {attempts!r}).")
        credential = auth is not None or body_secret is not None
        open_way = credential and place is not None and not place.secure and not place.loopback
        if open_way and not allow_http:
            found.append(f"url: must be https where a credential is sent (it is http). {_HTTPS}")
        if found or place is None:
            raise ConfigurationError(found)
        if open_way:
            warnings.warn(f"a credential goes over plain HTTP to {place!r}", PlainHttpWarning, stacklevel=3)
        self._address = place
        self._auth = auth
        self._body_secret = Secret(body_secret or "")
        self._answer_seconds = float(answer_timeout_seconds)
        self._connect_seconds = float(connect_timeout_seconds)
        self._attempts = int(attempts)
        self._max_wait = float(max_wait_seconds)
        self._clock = clock

    def post(self, path: str, body: Dict[str, Any]) -> Dict[str, Any]:
        """Sends one request and returns its result.

        :param path: `/completions` or `/logprobs`; it decides the fields of a result
        :param body: values that JSON can represent. It is sent in ASCII, like by Alpa's client. A Secret is sent as its text
        :raises TypeError, ValueError: the body cannot be written as JSON
        :raises AlpaClientError: see errors
        """
        attempt = 0
        while True:
            attempt += 1
            outcome = self._once(path, body)
            if not isinstance(outcome, AlpaClientError):
                return outcome
            wait = self._wait(outcome, attempt)
            if wait is None:
                raise outcome
            self._clock.sleep(wait)

    def _once(self, path: str, body: Dict[str, Any]) -> Union[Dict[str, Any], AlpaClientError]:
        """Returns the result or the error. The caller raises the error, so that it is not chained to another exception."""
        text = json.dumps(body, allow_nan=False, default=_revealed).encode("ascii")
        try:
            sent = {} if self._auth is None else self._auth.headers(self._clock.now())
            # Includes the sent token, because another thread may renew the token of `auth` before the answer arrives.
            secrets = [self._body_secret.reveal(), *sent.values(), *([] if self._auth is None else self._auth.secrets)]
            secrets += [value[len("Bearer ") :] for value in sent.values() if value.startswith("Bearer ")]
            headers = {
                "User-Agent": f"alpa-auth-client/{VERSION} (python)",
                "Accept": "application/json",
                # No compression, so that a truncated answer is detected.
                "Accept-Encoding": "identity",
                "Content-Type": "application/json",
                **sent,
            }
            outcome = transport.post(
                self._address.join(path),
                text,
                headers,
                connect_seconds=min(self._connect_seconds, self._answer_seconds),
                answer_seconds=self._answer_seconds,
            )
            if isinstance(outcome, transport.Failure):
                return _error_of(outcome, self._address)
            now = self._clock.now()
            return answers.read(outcome, answers.Asked(path, self._auth, now, lambda said: without(said, secrets)))
        except AlpaClientError as error:
            # Error reporters show the variables of a traceback's frames, and those of this module contain the credential.
            return error.with_traceback(None)

    def _wait(self, error: AlpaClientError, attempt: int) -> Optional[float]:
        """Seconds until the next attempt, or None if the request must not be repeated."""
        if attempt >= self._attempts:
            return None
        if isinstance(error, ConnectionFailedError):
            return None if error.sent else _CONNECT_WAIT_SECONDS * 2 ** (attempt - 1)
        asked = error.retry_after_seconds
        limited = isinstance(error, RateLimitedError)
        drained = isinstance(error, ModelUnreachableError) and error.status == 503
        return asked if (limited or drained) and asked is not None and asked <= self._max_wait else None

    def __repr__(self) -> str:
        return f"Sender({self._address!r}, auth={self._auth!r})"


def _error_of(failure: transport.Failure, place: address.Address) -> AlpaClientError:
    if failure.kind == "setting":
        return ConfigurationError([failure.detail])
    if failure.kind == "timeout":
        return AnswerTimeoutError(f"{place!r} did not answer: {failure.detail}.")
    if failure.kind == "too-large":
        return UnreadableAnswerError(f"The answer of {place!r} is not a result: {failure.detail}.")
    if failure.kind == "lost":
        return ConnectionFailedError(f"The connection to {place!r} broke: {failure.detail}.", sent=True)
    return ConnectionFailedError(f"There is no connection to {place!r}: {failure.detail}.", sent=False)


def _revealed(value: object) -> str:
    if isinstance(value, Secret):
        return value.reveal()
    raise TypeError(f"the body must contain only values of JSON (it contains a {type(value).__name__})")


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
