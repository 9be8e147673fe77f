"""Comparison with recordings of Alpa's own client. If it is right, the outcome is the same; otherwise a typed error."""

import json
from typing import Any, Dict, Iterator, Optional

import pytest
from alpa_auth_client import AlpaError, ApiKey, Auth, Client, Jwt, RedirectError, ServiceToken

from .cases import CREDENTIALS, FOLDER, credential_of, token_of
from .recordings import ALPA, CASES, SENDS
from .server import Server, reply
from .stage import Stage

#: Cases of cases/recorded.json by the id of the recording.
EXPECTED: Dict[str, Dict[str, Any]] = {
    case["name"]: case for case in json.loads((FOLDER / "recorded.json").read_text())["cases"]
}


@pytest.fixture
def stage() -> Iterator[Stage]:
    stage = Stage()
    yield stage
    stage.close()


def url_of(case: Dict[str, Any], stage: Stage) -> str:
    """The recorded URL without the part that the client adds."""
    first = case["requestsSeen"][0].split(" ")[1]
    return stage.here(first[: -len("/completions")])


def check(client: Any, case: Dict[str, Any], error: Optional[str]) -> None:
    """Calls a client and compares the outcome with the recorded one, or with the expected error."""
    if error is None:
        assert client().completions("Paris is") == case["outcome"]["returned"]
        return
    with pytest.raises(RuntimeError) as caught:
        client().completions("Paris is")
    assert type(caught.value).__name__ == error
    recorded = case["outcome"].get("raised", {})
    if recorded.get("type") == "RuntimeError":
        assert json.loads(case["gateway"]["body"])["message"] in str(caught.value)


if CASES:

    @pytest.mark.parametrize("name", [None, *CREDENTIALS])
    @pytest.mark.parametrize("case", CASES, ids=[case["id"] for case in CASES])
    def test_the_outcome_is_that_of_alpas_client_or_a_typed_error(
        stage: Stage, case: Dict[str, Any], name: Optional[str]
    ) -> None:
        expected = EXPECTED[case["id"]]
        error = expected.get("error")
        auth = credential_of(None if name is None else CREDENTIALS[name], {})
        without = expected.get("without_credential", error)
        check(lambda: Client(url_of(case, stage), auth=auth, attempts=1), case, without if name is None else error)
        assert len(stage.seen) == (0 if case["id"] == "url-query" else 1), "nothing twice"
        assert stage.hosts["login.example.net"].received == []


def test_every_recorded_case_has_an_expectation() -> None:
    assert not CASES or {case["id"] for case in CASES} == set(EXPECTED)


def auth_of(send: Dict[str, Any]) -> Optional[Auth]:
    headers = dict(send["sent"][0]["headers"])
    if "CF-Access-Client-Id" in headers:
        return ServiceToken(headers["CF-Access-Client-Id"], headers["CF-Access-Client-Secret"])
    if "apikey" in headers:
        return ApiKey(headers["apikey"])
    return Jwt(token_of(900)) if "Authorization" in headers else None


if SENDS:

    @pytest.mark.parametrize("send", SENDS, ids=[send["id"] for send in SENDS])
    def test_sends_what_alpas_client_sends_and_only_to_the_gateway(
        stage: Stage, send: Dict[str, Any]
    ) -> None:
        auth = auth_of(send)
        arguments = {**send["client"], "url": stage.here(send["client"]["url"])}
        call = getattr(Client(**arguments, auth=auth), send["call"])
        try:
            call(*send["args"], **send["kwargs"])
        except RedirectError:
            assert "302" in send["client"]["url"]
        (received,) = stage.hosts["gateway.example.com"].received
        recorded = send["sent"][0]
        # This client omits a null api_key. A key is in the same field as in Alpa's client.
        body = {name: value for name, value in recorded["json"].items() if (name, value) != ("api_key", None)}
        assert list(json.loads(received.body).items()) == list(body.items())
        assert received.body.isascii()
        assert (received.method, received.path) == (recorded["method"], recorded["path"])
        for name, value in {} if auth is None else auth.headers().items():
            assert received.values(name) == [value]
        assert stage.hosts["login.example.net"].received == []


if ALPA:

    @pytest.mark.parametrize("case", ALPA, ids=[case["id"] for case in ALPA])
    def test_reads_every_recorded_answer_of_alpa(server: Server, case: Dict[str, Any]) -> None:
        responses = case["response"] if isinstance(case["response"], list) else [case["response"]]
        for response in filter(lambda one: isinstance(one, dict) and isinstance(one.get("body"), dict), responses):
            # The recording has only the size of a long list, so the test uses a list with one entry.
            body = {name: [[]] if str(value).startswith("<1x") else value for name, value in response["body"].items()}
            path = "/logprobs" if "logprobs" in body else "/completions"
            server.replies = [reply(response["status"], json.dumps(body))]
            call = getattr(Client(server.url, auth=ApiKey("k")), path[1:])
            if response["status"] == 200:
                assert call("a") == body
            else:
                with pytest.raises(AlpaError) as caught:
                    call("a")
                assert (caught.value.message, caught.value.stacktrace) == (body["message"], body["stacktrace"])
