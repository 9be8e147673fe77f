"""Comparison with recordings of Alpa's own client: the same where it is right, a typed error where it is wrong."""

import json
from typing import Any, Dict, Iterator, Optional, Type

import pytest
from alpa_auth_client import (
    AlpaClientError,
    AlpaError,
    ApiKey,
    Auth,
    Client,
    Clock,
    ConfigurationError,
    ConnectionFailedError,
    InvalidCredentialError,
    Jwt,
    ModelUnreachableError,
    NotAllowedError,
    RateLimitedError,
    RedirectError,
    RequestRefusedError,
    ServiceToken,
    answers,
)
from alpa_auth_client.transport import Answer

from .recordings import ALPA, CASES, SENDS
from .stage import Stage
from .test_tokens import token

#: None where Alpa's client is right: then the result must be the same.
EXPECTED: Dict[str, Optional[Type[AlpaClientError]]] = {
    "ok": None,
    "url-trailing-slash": None,
    # RuntimeError there too, with the same message.
    "alpa-error-400": AlpaError,
    "429-retry-after": RateLimitedError,
    "401-envelope": InvalidCredentialError,
    "429-envelope": RateLimitedError,
    "envelope-html-type": InvalidCredentialError,
    # There, an error is returned as a result.
    "403-consumer": NotAllowedError,
    "404-route": RequestRefusedError,
    "429-error-msg": RateLimitedError,
    "error-object-openai": InvalidCredentialError,
    # There, an error of the wrong kind.
    "413-html": RequestRefusedError,
    "503-html": ModelUnreachableError,
    "envelope-null-stacktrace": InvalidCredentialError,
    "empty-401": InvalidCredentialError,
    "403-cf-1010": NotAllowedError,
    "connection-dropped": ConnectionFailedError,
    # There, the key and with 307 the prompt are sent to the other host.
    "302-login-other-host": RedirectError,
    "307-other-host": RedirectError,
    "301-https-like": RedirectError,
    # There, the request is sent to another path.
    "url-query": ConfigurationError,
}


AUTHS: Dict[str, Auth] = {
    "a key": ApiKey("k1-of-a-caller"),
    "a token": Jwt(token({"exp": 4_000_000_000})),
    "a service token": ServiceToken("id.access", "s1-of-a-caller"),
    "one header": ServiceToken("id.access", "s1-of-a-caller", header="Authorization"),
}


@pytest.fixture
def stage() -> Iterator[Stage]:
    stage = Stage()
    yield stage
    stage.close()


def url_of(case: Dict[str, Any], stage: Stage) -> str:
    """The url for the client: the recorded one, without the part that the client itself adds."""
    first = case["requestsSeen"][0].split(" ")[1]
    return stage.here(first[: -len("/completions")])


def check(client: Any, case: Dict[str, Any]) -> None:
    """Calls a client and compares the outcome with the recorded one, or with the expected error."""
    expected = EXPECTED[case["id"]]
    if expected is None:
        assert client().completions("Paris is") == case["outcome"]["returned"]
        return
    with pytest.raises(RuntimeError) as caught:
        client().completions("Paris is")
    assert type(caught.value) is expected
    recorded = case["outcome"].get("raised", {})
    if recorded.get("type") == "RuntimeError":
        assert json.loads(case["gateway"]["body"])["message"] in str(caught.value)


if CASES:

    def test_every_recorded_case_is_in_the_table() -> None:
        assert {case["id"] for case in CASES} == set(EXPECTED)

    @pytest.mark.parametrize("way", AUTHS)
    @pytest.mark.parametrize("case", CASES, ids=[case["id"] for case in CASES])
    def test_is_right_where_alpas_client_is_and_raises_otherwise(
        stage: Stage, case: Dict[str, Any], way: str
    ) -> None:
        clock = Clock(sleep=lambda _: None)
        check(lambda: Client(url_of(case, stage), auth=AUTHS[way], attempts=1, clock=clock), case)
        for received in stage.hosts["gateway.example.com"].received:
            for name, value in AUTHS[way].headers(0).items():
                assert received.values(name) == [value]
        assert stage.hosts["login.example.net"].received == []
        if case["id"] != "url-query":
            path = case["requestsSeen"][0].split(" ")[1].split(".com")[1].replace("//", "/")
            assert stage.seen[0].startswith(f"POST http://gateway.example.com{path} ")


def auth_of(send: Dict[str, Any]) -> Any:
    headers = dict(send["sent"][0]["headers"])
    if "CF-Access-Client-Id" in headers:
        return ServiceToken(headers["CF-Access-Client-Id"], headers["CF-Access-Client-Secret"])
    if "apikey" in headers:
        return ApiKey(headers["apikey"])
    return Jwt(token({"exp": 4_000_000_000})) if "Authorization" in headers else None


if SENDS:

    @pytest.mark.parametrize("send", SENDS, ids=[send["id"] for send in SENDS])
    def test_sends_what_alpas_client_sends_and_only_to_the_gateway(
        stage: Stage, send: Dict[str, Any], tmp_path: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        netrc = tmp_path / "netrc"
        netrc.write_text("machine 127.0.0.1 login u password p\n")
        monkeypatch.setenv("NETRC", str(netrc))
        auth = auth_of(send)
        arguments = {**send["client"], "url": stage.here(send["client"]["url"])}
        call = getattr(Client(**arguments, auth=auth), send["call"])
        try:
            call(*send["args"], **send["kwargs"])
        except RedirectError:
            assert "302" in send["client"]["url"]
        (received,) = stage.hosts["gateway.example.com"].received
        recorded = send["sent"][0]
        # A null key is omitted; a real one is in the same field as in Alpa's client.
        body = {name: value for name, value in recorded["json"].items() if (name, value) != ("api_key", None)}
        assert list(json.loads(received.body).items()) == list(body.items())
        assert received.body.isascii()
        assert (received.method, received.path) == (recorded["method"], recorded["path"])
        for name, value in {} if auth is None else auth.headers(0).items():
            assert received.values(name) == [value]
        assert stage.hosts["login.example.net"].received == []


#: Recorded answers to requests that the client never sends.
_PLAIN = ("completions", "logprobs")

if ALPA:

    @pytest.mark.parametrize("case", ALPA, ids=[case["id"] for case in ALPA])
    def test_reads_every_recorded_answer_of_alpa(case: Dict[str, Any]) -> None:
        responses = case["response"] if isinstance(case["response"], list) else [case["response"]]
        for response in filter(lambda one: isinstance(one, dict) and isinstance(one.get("body"), dict), responses):
            # The recording shortens long lists to their size.
            body = {name: [[]] if str(value).startswith("<1x") else value for name, value in response["body"].items()}
            path = "/logprobs" if "logprobs" in body else "/completions"
            asked = answers.Asked(path, ApiKey("k"), 0, lambda text: text)
            answer = Answer(response["status"], response["headers"], json.dumps(body).encode())
            if response["status"] == 200:
                assert answers.read(answer, asked) == body
            else:
                with pytest.raises(AlpaError) as caught:
                    answers.read(answer, asked)
                assert caught.value.message == body["message"]
                assert caught.value.stacktrace == body["stacktrace"]
