"""The change set for Alpa's own client (alpa-client-patch.md), on a client with the recorded behaviour of Alpa's."""

import difflib
import re
from pathlib import Path
from typing import Any, Dict, Iterator, List

import pytest
from alpa_auth_client import ApiKey, ConfigurationError, Jwt, RedirectError, ServiceToken

from .alpa import after, before
from .conftest import Slept
from .recordings import CASES
from .server import Server, reply
from .stage import OK, Stage
from .cases import token_of
from .test_recorded import EXPECTED, check, url_of

HERE = Path(__file__).parent
PAGE = (HERE.parent / "alpa-client-patch.md").read_text()


@pytest.fixture
def stage() -> Iterator[Stage]:
    stage = Stage()
    yield stage
    stage.close()


if CASES:

    @pytest.mark.parametrize("case", CASES, ids=[case["id"] for case in CASES])
    def test_before_the_change_the_client_behaves_like_alpas_in_the_recordings(stage: Stage, case: Dict[str, Any]) -> None:
        outcome = case["outcome"]
        client = before.Client(url_of(case, stage))
        if "returned" in outcome:
            assert client.completions("Paris is") == outcome["returned"]
        else:
            with pytest.raises(Exception) as caught:
                client.completions("Paris is")
            names = [kind.__name__ for kind in type(caught.value).__mro__]
            assert set(outcome["raised"]["mro"]) <= set(names)
            if names[0] != "ConnectionError":
                assert str(caught.value) == outcome["raised"]["text"]
        recorded = case["requestsSeen"]
        assert [seen if "bytes" in text else seen.rsplit(" (", 1)[0] for seen, text in zip(stage.seen, recorded)] == recorded

    @pytest.mark.parametrize("case", CASES, ids=[case["id"] for case in CASES])
    def test_after_the_change_the_client_is_right_or_reports_the_error(
        stage: Stage, slept: Slept, case: Dict[str, Any]
    ) -> None:
        check(lambda: after.Client(url_of(case, stage), auth=ApiKey("k1")), case, EXPECTED[case["id"]].get("error"))
        assert stage.hosts["login.example.net"].received == []


SECRETS = {"apikey": "k1", "CF-Access-Client-Id": "i", "CF-Access-Client-Secret": "s1"}


@pytest.mark.parametrize("status,what", [(302, SECRETS), (307, {**SECRETS, "prompt": "my prompt"})])
def test_the_leaks_on_the_page_exist_before_the_change_and_not_after_it(
    server: Server, monkeypatch: pytest.MonkeyPatch, status: int, what: Dict[str, str]
) -> None:
    login = Server()
    login.replies = [reply(200, OK)]
    server.replies = [reply(status, "", {"Location": login.url.replace("127.0.0.1", "localhost")})]
    monkeypatch.setattr(before, "headers", {**before.headers, **SECRETS, "Authorization": "Bearer t1"})
    before.Client(server.url).completions("my prompt")
    (arrived,) = login.received
    text = str(arrived)
    assert [value for value in what.values() if value not in text] == []
    assert ("my prompt" in text) == (status == 307)
    assert arrived.values("Authorization") == []

    for auth in (ApiKey("k1"), ServiceToken("i", "s1"), Jwt(token_of(900))):
        with pytest.raises(RedirectError):
            after.Client(server.url, auth=auth).completions("my prompt")
    login.close()
    assert len(login.received) == 1


def test_after_the_change_calls_without_auth_are_unchanged(server: Server) -> None:
    server.replies = [reply(200, OK)]
    for module in (before, after):
        module.Client(server.url).completions("a")
        module.Client(server.url, "k").completions("a", echo=False)
    first, second = server.received[:2], server.received[2:]
    assert [seen.body for seen in first] == [seen.body for seen in second]
    with pytest.raises(ConfigurationError, match="auth: must be the only credential"):
        after.Client(server.url, "k", auth=ApiKey("k"))


def test_the_page_has_every_line_of_the_change_and_counts_them() -> None:
    old, new = [(HERE / "alpa" / f"{name}.py").read_text().split('"""', 2)[2] for name in ("before", "after")]
    changes = [line for line in difflib.ndiff(old.splitlines(), new.splitlines()) if line[0] in "+-"]
    added = [line[2:].strip() for line in changes if line[0] == "+"]
    shown: List[str] = []
    for block in re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL):
        shown += [line.strip() for line in block.splitlines() if line.strip()]
    assert sorted(shown) == sorted(added)
    removed = len(changes) - len(added)
    assert f"{len(added)} lines are added, {removed} are removed" in PAGE


def test_after_the_change_a_credential_is_not_sent_to_the_address_of_alpas_own_client() -> None:
    for url in (None, "https://api.alpa.ai", "https://API.alpa.ai/x"):
        with pytest.raises(ConfigurationError, match="url: must be the gateway's address if auth is given"):
            after.Client(url, auth=ApiKey("k1"))
