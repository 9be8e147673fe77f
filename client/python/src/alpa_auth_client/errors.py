"""The types of all errors. Each error has the caller's next step.

Each is a RuntimeError, like the errors of Alpa's own client. docs/call/README.md lists them.
"""

from typing import Any, List, Optional


class AlpaClientError(RuntimeError):
    """Base of every error of this library.

    :ivar next_step: what the caller can do, a sentence
    :ivar status: HTTP status, or None without an answer
    :ivar request_id: X-Request-Id of the gateway or CF-Ray of the edge, for the operator
    :ivar retry_after_seconds: wait before the next attempt that the server asks for, in seconds
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
        self.status = status
        self.request_id = request_id
        self.retry_after_seconds = retry_after_seconds
        number = "" if request_id is None else f" (request {request_id})"
        super().__init__(f"{what.rstrip('.')}{number}. {self.next_step}")


class ConfigurationError(AlpaClientError, ValueError):
    """Invalid parameters, listed in `problems`. Nothing was sent."""
    next_step = "Correct what is listed."

    def __init__(self, problems: List[str]) -> None:
        self.problems = list(problems)
        super().__init__("Nothing was sent")
        self.args = ("\n  - ".join(["Nothing was sent. Correct what is listed.", *problems]),)


class MissingCredentialError(AlpaClientError):
    """The service requires a credential, and none was sent."""
    next_step = "Give the client a credential: auth=ApiKey(…), auth=Jwt(…) or auth=ServiceToken(…)."


class InvalidCredentialError(AlpaClientError):
    """The server rejects the credential: it is wrong, revoked or expired."""
    next_step = "Compare the credential with the handout. If both are equal, ask the operator for another credential."


class ExpiredCredentialError(AlpaClientError):
    """The token or the credential has expired."""
    next_step = "Create a new token, or give the client the secret or private key that signs tokens."


class NotAllowedError(AlpaClientError):
    """403: the credential is valid but this address does not admit it, or a rule of the edge blocks the request."""
    next_step = "Ask the operator to admit you."


class RateLimitedError(AlpaClientError):
    """429 after the last attempt; `retry_after_seconds` says how long to wait."""
    next_step = "Wait, then send fewer requests at a time."


class ModelUnreachableError(AlpaClientError):
    """The gateway or the edge answers, but does not reach the model."""
    next_step = "Try again later, and tell the operator if the error lasts."


class AnswerTimeoutError(AlpaClientError):
    """No answer in time: of the client, the gateway (504) or the edge (524). The model may still be working."""
    next_step = "Ask for fewer tokens, or increase answer_timeout_seconds."


class EdgeLoginError(AlpaClientError):
    """The edge redirects to its login page, because it requires another kind of credential."""
    next_step = "This address requires the login of a person. Ask the operator for an address that accepts service tokens."


class RedirectError(AlpaClientError):
    """Any other redirect. The client does not follow it, because it would send the credential and the prompt to that address."""
    next_step = "Give the client the address from the handout, with https."


class UnreadableAnswerError(AlpaClientError):
    """A success status without a valid result: no JSON, truncated JSON, or JSON of another shape."""
    next_step = "Check the address: another server may answer there."


class ConnectionFailedError(AlpaClientError):
    """The connection failed or broke. If `sent`, the server may have received a part of the request."""
    next_step = "Check the address and the network."

    def __init__(self, what: str, *, sent: bool) -> None:
        self.sent = sent
        step = "The model may have begun. Repeat the request if a second generation does no harm."
        super().__init__(what, next_step=step if sent else None)


class RequestRefusedError(AlpaClientError):
    """400, 404, 413 or another rejection by the gateway: the request must be corrected."""
    next_step = "Correct the request."


class AlpaError(AlpaClientError):
    """Alpa's own error, with its text (`message`) and its Python traceback (`stacktrace`)."""
    next_step = "Correct the request."

    def __init__(self, message: str, stacktrace: str, **known: Any) -> None:
        self.message = message
        self.stacktrace = stacktrace
        super().__init__(f"Alpa refused the request: {message or '(no text)'}", **known)
