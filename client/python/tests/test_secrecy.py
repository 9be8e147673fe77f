"""No credential in a repr, a log, an error or its attributes."""

import copy
import logging
import os
import pickle
import subprocess
import sys
from typing import Any, Dict, List

import pytest
from alpa_auth_client import AlpaClientError, ApiKey, Auth, Client, Jwt, ServiceToken

from .conftest import LOGPROBS
from .keys import PEM
from .redaction import all_of
from .server import Server, reply

KEY = "k3y-of-the-caller"
SECRET = "a-shared-secret-of-more-than-32-bytes"
AUTHS: Dict[str, Auth] = {
    "key": ApiKey(KEY),
    "secret": Jwt(key="claim", secret=SECRET),
    "private key": Jwt(key="claim", private_key=PEM["RS256"]),
    "service token": ServiceToken("id.access", KEY),
    "one header": ServiceToken("id.access", KEY + '"', header="X-Token"),
}


def hidden(auth: Auth, server: Server) -> List[str]:
    """Texts that must not be shown: the configured secrets, and the sent tokens."""
    sent = [value for seen in server.received for name, value in seen.headers if name in auth.headers(0)]
    tokens = [value[len("Bearer ") :] for value in sent if value.startswith("Bearer ")]
    return [KEY, SECRET, PEM["RS256"][100:160], *tokens]


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


SCRIPT = """
import logging, os, sys, threading, traceback
from alpa_auth_client import ApiKey, Client, Jwt, ServiceToken
logging.basicConfig(level=logging.DEBUG)
url, key, secret = os.environ["URL"], os.environ["K"], os.environ["S"]
ways = [ApiKey(key), Jwt(key="c", secret=secret), ServiceToken("i.access", key), ServiceToken("i", key, header="X-Token")]
for auth in ways:
    client = Client(url, auth=auth)
    client.logprobs("a")
    print(client, auth, vars(client), client.completions.__self__)
    try:
        client.completions("a")
    except Exception as error:
        logging.exception("failed: %r", error)
        traceback.print_exc()
        for frame, _ in traceback.walk_tb(error.__traceback__):
            if "alpa_auth_client" in frame.f_code.co_filename:
                print(frame.f_locals)
    thread = threading.Thread(target=client.completions, args=["a"])
    thread.start()
    thread.join()
Client(url, key).completions("a")
"""


def test_a_program_that_logs_and_prints_everything_shows_no_credential(server: Server) -> None:
    def answer(connection: Any) -> None:
        seen = server.received[-1]
        if seen.path.endswith("/logprobs"):
            connection.sendall(reply(200, LOGPROBS))
        else:
            connection.sendall(reply(401, " ".join(value for _, value in seen.headers) + seen.body.decode()))

    server.replies = [answer]
    environ = {**os.environ, "URL": server.url, "K": KEY, "S": SECRET, "PYTHONPATH": os.pathsep.join(sys.path)}
    run = subprocess.run([sys.executable, "-X", "dev", "-c", SCRIPT], env=environ, stdout=-1, stderr=-1, timeout=120)
    shown = (run.stdout + run.stderr).decode()
    assert run.returncode == 1, "the last call ends the program"
    assert shown.count("InvalidCredentialError") >= 12 and "MissingCredentialError" in shown, shown
    tokens = [value[7:] for seen in server.received for value in seen.values("Authorization") if value[:7] == "Bearer "]
    assert len(tokens) == 3
    for secret in (KEY, SECRET, *tokens, tokens[0].split(".")[2]):
        assert secret not in shown.replace(SCRIPT, "")


def test_alpas_own_key_is_in_no_frame_of_an_error(server: Server) -> None:
    server.replies = [reply(400, f'{{"type":"error","message":"{KEY}","stacktrace":"x"}}')]
    with pytest.raises(AlpaClientError) as caught:
        Client(server.url, KEY).completions("a")
    assert KEY not in all_of(caught.value)
    assert f'"api_key": "{KEY}"' in server.received[0].body.decode()


def test_a_successful_call_prints_nothing(
    server: Server, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    server.replies = [reply(200, LOGPROBS)]
    for auth in AUTHS.values():
        Client(server.url, auth=auth).logprobs("a prompt of mine")
        for secret in [*hidden(auth, server), "a prompt of mine"]:
            assert secret not in caplog.text
    assert capfd.readouterr() == ("", "")
