"""Comparison with recordings of Alpa's own client. If it is right, the outcome is the same; otherwise a typed error."""

import json
from typing import Any, Dict, Iterator, Optional

import pytest
from alpa_auth_client import AlpaError, ApiKey, Client, Jwt, RedirectError, ServiceToken, answers
from alpa_auth_client.transport import Answer

from .cases import FOLDER, VALUES, Case, auth_headers, credential_of
from .recordings import ALPA, CASES, SENDS
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


def run_recorded(expected: Case) -> None:
    """Compares a call's outcome, with and without a credential, with the recorded outcome of Alpa's client."""
    case = next(case for case in CASES if case["id"] == expected["name"])
    error, without = expected.get("error"), expected.get("without_credential", expected.get("error"))
    for name in [None, *VALUES["credentials"]]:
        stage = Stage()
        auth = credential_of(name, lambda: VALUES["now"])
        check(lambda: Client(url_of(case, stage), auth=auth, attempts=1), case, without if name is None else error)
        arrived = stage.hosts["gateway.example.com"].received
        assert len(arrived) == (0 if case["id"] == "url-query" else 1), "nothing twice"
        for received in arrived:
            for header, value in auth_headers(auth, VALUES["now"]).items():
                assert name in ("a secret", "a private key") or received.values(header) == [value]
        stage.close()
        assert stage.hosts["login.example.net"].received == []
        if case["id"] != "url-query":
            path = case["requestsSeen"][0].split(" ")[1].split(".com")[1].replace("//", "/")
            assert stage.seen[0].startswith(f"POST http://gateway.example.com{path} ")


def test_every_recorded_case_has_an_expectation() -> None:
    assert not CASES or {case["id"] for case in CASES} == set(EXPECTED)


def auth_of(send: Dict[str, Any]) -> Any:
    headers = dict(send["sent"][0]["headers"])
    if "CF-Access-Client-Id" in headers:
        return ServiceToken(headers["CF-Access-Client-Id"], headers["CF-Access-Client-Secret"])
    if "apikey" in headers:
        return ApiKey(headers["apikey"])
    return Jwt(VALUES["tokens"]["good"]) if "Authorization" in headers else None


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
        # This client omits a null api_key. A key is in the same field as in Alpa's client.
        body = {name: value for name, value in recorded["json"].items() if (name, value) != ("api_key", None)}
        assert list(json.loads(received.body).items()) == list(body.items())
        assert received.body.isascii()
        assert (received.method, received.path) == (recorded["method"], recorded["path"])
        for name, value in {} if auth is None else auth.headers(0).items():
            assert received.values(name) == [value]
        assert stage.hosts["login.example.net"].received == []


if ALPA:

    @pytest.mark.parametrize("case", ALPA, ids=[case["id"] for case in ALPA])
    def test_reads_every_recorded_answer_of_alpa(case: Dict[str, Any]) -> None:
        responses = case["response"] if isinstance(case["response"], list) else [case["response"]]
        for response in filter(lambda one: isinstance(one, dict) and isinstance(one.get("body"), dict), responses):
            # The recording has only the size of a long list, so the test uses a list with one entry.
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
