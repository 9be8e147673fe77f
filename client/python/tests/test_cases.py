"""The client does what the cases say."""

from typing import List, Optional

import pytest
from alpa_auth_client import AlpaClientError, Client

from .calls import run_call
from .cases import CREDENTIALS, Case, cases, credential_of
from .conftest import COMPLETION, LOGPROBS, Slept
from .server import Server, reply

PAGE = "<html><head><title>502 Bad Gateway</title></head></html>"
NAMES = {"page": PAGE, "completion": COMPLETION, "logprobs": LOGPROBS, "failed": '{"type":"error","message":"m","stacktrace":"s"}'}


@pytest.mark.parametrize("case", [*cases("answers.json"), *cases("attempts.json")])
def test_case(case: Case, clock: Slept) -> None:
    run_call(case, clock, NAMES)


#: An error by its statuses, with a credential and without one.
STATUSES: "list[tuple[List[int], str, Optional[str]]]" = [
    ([301, 302, 303, 304, 307, 308], "RedirectError", None),
    ([401], "InvalidCredentialError", "MissingCredentialError"),
    ([403], "NotAllowedError", "MissingCredentialError"),
    ([429], "RateLimitedError", None),
    ([504, 524], "AnswerTimeoutError", None),
    ([500, 502, 503, 520, 530], "ModelUnreachableError", None),
    ([400, 404, 408, 413, 422], "RequestRefusedError", None),
]


@pytest.mark.parametrize("body", ["", "null", PAGE, COMPLETION, '{"message":"m"}', '{"type":"error","stacktrace":""}'])
@pytest.mark.parametrize("statuses,error,without", STATUSES)
def test_the_status_decides_the_error(
    server: Server, slept: Slept, statuses: List[int], error: str, without: Optional[str], body: str
) -> None:
    for status in statuses:
        server.replies = [reply(status, body if status != 304 else "")]
        for name in (None, *CREDENTIALS):
            auth = credential_of(None if name is None else CREDENTIALS[name], {})
            with pytest.raises(AlpaClientError) as caught:
                Client(server.url, auth=auth, attempts=1).completions("a")
            assert (type(caught.value).__name__, caught.value.status) == ((auth is None and without) or error, status)
