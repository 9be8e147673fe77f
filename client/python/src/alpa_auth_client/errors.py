"""What can go wrong, each kind a type of its own, with the caller's next step.

All are RuntimeError, as in Alpa's own client: programs that catch that one go on working. The names are those of the
TypeScript library; docs/call/README.md has the table.
"""

from typing import List, Optional


class AlpaClientError(RuntimeError):
    """An answer that is no result.

    :ivar next_step: what the caller can do, a sentence
    :ivar status: HTTP status, or None where there was no answer
    :ivar request_id: X-Request-Id of the gateway or Cf-Ray of the edge, for the operator
    :ivar retry_after_seconds: how long the service asks to wait, in seconds
    """

    next_step = "Tell the operator."

    def __init__(
        self,
        what: str,
        *,
        next_step: Optional[str] = None,
        status: Optional[int] = None,
        request_id: Optional[str] = None,
        retry_after_seconds: Optional[float] = None,
    ) -> None:
        if next_step is not None:
            self.next_step = next_step
        self.what = what
        self.status = status
        self.request_id = request_id
        self.retry_after_seconds = retry_after_seconds
        number = "" if request_id is None else f" (request {request_id})"
        end = "" if what.endswith((".", "!", "?", "…", "”")) and number == "" else "."
        super().__init__(f"{what}{number}{end} {self.next_step}")


class ConfigurationError(AlpaClientError, ValueError):
    """The client cannot be made as asked. Lists every problem; nothing was sent.

    :ivar problems: one line each, as `where: what must hold (what it is). What to do.`
    """

    next_step = "Correct what is listed."

    def __init__(self, problems: List[str]) -> None:
        self.problems = list(problems)
        lines = "".join(f"\n  - {problem}" for problem in problems)
        super().__init__(f"{len(problems)} problem(s), nothing was sent:{lines}")
        self.args = (self.what,)


class MissingCredentialError(AlpaClientError):
    """The service requires a credential, and none was sent."""

    next_step = "Give the client a credential: auth=ApiKey(…), Jwt(…) or ServiceToken(…)."


class InvalidCredentialError(AlpaClientError):
    """The credential was sent and is not known: wrong, or revoked."""

    next_step = "Compare it with what you were handed; if it is the same, ask the operator for another."


class ExpiredCredentialError(AlpaClientError):
    """The token or the credential has expired."""

    next_step = "Create a new token, or ask the operator for another credential."


class NotAllowedError(AlpaClientError):
    """The credential is known, and not allowed here."""

    next_step = "Ask the operator to admit you."


class RateLimitedError(AlpaClientError):
    """Too many requests, still so after the last attempt; `retry_after_seconds` says how long to wait."""

    next_step = "Wait, then send less at a time."


class ModelUnreachableError(AlpaClientError):
    """The gateway or the edge answers, and has no way to the model."""

    next_step = "Try again later; tell the operator if it lasts."


class AnswerTimeoutError(AlpaClientError):
    """No complete answer in time, here or at the gateway. The model may go on working on it."""

    next_step = "Ask for fewer tokens, or give it more time (answer_timeout_seconds)."


class EdgeLoginError(AlpaClientError):
    """The edge asks for a person's login, whatever credential was sent."""

    next_step = "Ask the operator whether this address takes service tokens: it asks for a person's login."


class RedirectError(AlpaClientError):
    """A redirect, which is never followed: it would take the credential and the prompt along."""

    next_step = "Give the client the address that the service has, with https."


class UnreadableAnswerError(AlpaClientError):
    """No JSON, JSON that is cut off, or JSON that is no result."""

    next_step = "Check the address: something other than the service may answer there."


class ConnectionFailedError(AlpaClientError):
    """No connection, or one that broke.

    :ivar sent: False: nothing reached the server, so that a repeat cannot start a second generation
    """

    next_step = "Check the address and the network."

    def __init__(self, what: str, *, sent: bool) -> None:
        self.sent = sent
        step = "Repeat it if a second generation does no harm: the first may still run."
        super().__init__(what, next_step=step if sent else None)


class RequestRefusedError(AlpaClientError):
    """The gateway does not pass such a request on."""

    next_step = "Correct the request."


class AlpaError(AlpaClientError):
    """Alpa's own error.

    :ivar message: Alpa's text, which may be empty
    :ivar stacktrace: Python's traceback in Alpa, without the line of the exception itself
    """

    next_step = "Correct the request."

    def __init__(
        self,
        message: str,
        stacktrace: str,
        *,
        status: int,
        request_id: Optional[str] = None,
        retry_after_seconds: Optional[float] = None,
    ) -> None:
        self.message = message
        self.stacktrace = stacktrace
        super().__init__(
            f"Alpa refused the request: {message or '(no text)'}",
            status=status,
            request_id=request_id,
            retry_after_seconds=retry_after_seconds,
        )
