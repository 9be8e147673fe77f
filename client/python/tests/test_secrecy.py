"""No credential in a repr, a log, an error or what hangs on one."""

import copy
import logging
import pickle
import traceback
from typing import Any, Dict, List

import pytest
from alpa_auth_client import AlpaClientError, ApiKey, Auth, Client, Jwt, ServiceToken

from .server import Server, reply, reset
from .test_tokens import SECRET, pem

KEY = "k3y-of-the-caller"
AUTHS: Dict[str, Auth] = {
    "key": ApiKey(KEY),
    "secret": Jwt(key="claim", secret=SECRET),
    "private key": Jwt(key="claim", private_key=pem("RS256")),
    "service token": ServiceToken("id.access", KEY),
    "one header": ServiceToken("id.access", KEY + '"', header="X-Token"),
}


def hidden(auth: Auth, server: Server) -> List[str]:
    """What must not be shown: as configured, and as sent."""
    sent = [value for seen in server.received for name, value in seen.headers if name in auth.headers(0)]
    tokens = [value[len("Bearer ") :] for value in sent if value.startswith("Bearer ")]
    return [KEY, SECRET, pem("RS256")[100:160], *tokens]


def all_of(error: BaseException) -> str:
    """Everything that a program which reports errors would show of one: texts, causes, fields, variables of frames."""
    shown = [repr(error), str(error), repr(error.args), repr(vars(error))]
    for frame, _ in traceback.walk_tb(error.__traceback__):
        if "alpa_auth_client" in frame.f_code.co_filename:
            shown += [repr(value) for value in frame.f_locals.values()]
    for cause in (error.__cause__, error.__context__):
        if cause is not None:
            shown.append(all_of(cause))
    return "\n".join(shown)


@pytest.mark.parametrize("kind", AUTHS)
def test_an_error_holds_no_credential_even_if_the_answer_repeats_it(
    server: Server, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str], kind: str
) -> None:
    auth = AUTHS[kind]
    caplog.set_level(logging.DEBUG)

    def echo(connection: Any) -> None:
        values = [value for _, value in server.received[-1].headers]
        text = "\\n".join(values).replace("\\", "\\\\").replace('"', '\\"')
        connection.sendall(reply(status, f'{{"type":"error","message":"you sent {text}","stacktrace":"{text}"}}'))

    for status in (200, 400, 401, 403, 429, 500, 503):
        server.replies = [echo]
        with pytest.raises(AlpaClientError) as caught:
            Client(server.url, auth=auth).completions("a")
        shown = all_of(caught.value)
        assert "you sent" in shown
        for secret in hidden(auth, server):
            assert secret not in shown
    server.replies = [reset]
    with pytest.raises(AlpaClientError) as caught:
        Client(server.url, auth=auth).completions("a")
    logged = caplog.text + "".join(capfd.readouterr()) + all_of(caught.value)
    for secret in hidden(auth, server):
        assert secret not in logged


@pytest.mark.parametrize("kind", AUTHS)
def test_nothing_shows_or_writes_a_credential(server: Server, kind: str) -> None:
    auth = AUTHS[kind]
    auth.headers(0)
    client = Client(server.url, auth=auth)
    shown = "".join([repr(client), str(client), repr(auth), str(auth), f"{auth}", repr(vars(auth)), repr(vars(client))])
    for secret in hidden(auth, server):
        assert secret not in shown
    for write in (pickle.dumps, copy.deepcopy):
        with pytest.raises(TypeError):
            write(auth)


def test_alpas_own_key_is_taken_out_of_an_answer_too(server: Server) -> None:
    server.replies = [reply(400, f'{{"type":"error","message":"{KEY} is wrong","stacktrace":"x"}}')]
    with pytest.raises(AlpaClientError) as caught:
        Client(server.url, KEY).completions("a")
    assert "<secret> is wrong" in str(caught.value)
    assert KEY not in repr(vars(caught.value))


def test_what_an_answer_says_is_cut_and_on_one_line(server: Server) -> None:
    server.replies = [reply(404, '{"error_msg":"a\\u001b[31m\\nb' + "c" * 5000 + '"}')]
    with pytest.raises(AlpaClientError) as caught:
        Client(server.url).completions("a")
    text = str(caught.value)
    assert len(text) < 500 and "\n" not in text and "\x1b" not in text
