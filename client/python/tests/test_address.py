"""Every address and header is rejected or arrives unchanged. cases/settings.json has the rejected ones and why."""

import json
import re
from typing import List
from urllib.parse import urlsplit

import pytest
from alpa_auth_client import ApiKey, Client, ConfigurationError, ServiceToken, address
from alpa_auth_client.secret import header_problem
from hypothesis import example, given, strategies as st

from .conftest import COMPLETION
from .server import Server, reply

PATHS = st.lists(
    st.one_of(
        st.text("abzAZ09-._~!$&'()*+,;=:@", min_size=1, max_size=8).filter(lambda text: text not in (".", "..")),
        st.integers(0, 255).map(lambda byte: f"%{byte:02X}").filter(lambda text: text != "%2E"),
    ),
    max_size=5,
).flatmap(lambda parts: st.sampled_from(["", "/", "//"]).map(lambda end: "".join(f"/{part}" for part in parts) + end))
HOSTS = st.sampled_from(["api.example.com", "localhost", "127.0.0.1", "[::1]", "xn--zrich-kva.ch", "a.b:8443"])

# Only characters up to U+2FFF, because the whole table would take seconds.
LETTERS = st.characters(max_codepoint=0x2FFF)

@given(st.sampled_from(["http", "https"]), HOSTS, PATHS)
def test_a_path_is_appended_to_any_address_and_nothing_else_changes(scheme: str, host: str, path: str) -> None:
    problems: List[str] = []
    base = f"{scheme}://{host}{path}"
    place = address.read(base, problems)
    assert place is not None and problems == []
    joined = urlsplit(place.join("/completions"))
    assert (joined.scheme, joined.netloc, joined.query, joined.fragment) == (scheme, host, "", "")
    assert joined.path == path.rstrip("/") + "/completions"


@given(st.text(LETTERS, max_size=60))
@example("https://a\u2028b")
@example("https://a.example:80:80")
@example("//a.example")
def test_any_text_is_either_an_address_or_a_problem(text: str) -> None:
    problems: List[str] = []
    place = address.read(text, problems)
    assert (place is None) == (problems != [])
    if place is not None:
        assert place.join("/x").isascii()
        assert not set(place.join("/x")) & set(" \r\n\t?#@\\")


@given(path=PATHS)
@example(path="/a/b//")
@example(path="/%c3%bc")
def test_the_path_arrives_as_it_was_given(server: Server, path: str) -> None:
    server.replies = [reply(200, COMPLETION)]
    Client(f"http://127.0.0.1:{server.port}{path}").completions("a")
    # The path arrives in normal form: %XX in capitals, and only if it is necessary.
    assert server.received[-1].path == usual(f"{path.rstrip('/')}/completions")


def usual(path: str) -> str:
    def letter(found: "re.Match[str]") -> str:
        plain = chr(int(found.group(1), 16))
        return plain if re.fullmatch(r"[A-Za-z0-9._~-]", plain) else found.group().upper()

    return re.sub("%(..)", letter, path)


ASCII = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), min_size=1, max_size=40)


@given(key=ASCII.filter(lambda text: text == text.strip(" ")))
def test_every_accepted_key_arrives_unchanged_in_its_own_header(server: Server, key: str) -> None:
    server.replies = [reply(200, COMPLETION)]
    Client(server.url, auth=ApiKey(key)).completions("a")
    seen = server.received[-1]
    assert seen.values("apikey") == [key]
    names = ["Host", "User-Agent", "Accept", "Accept-Encoding", "Content-Type", "apikey", "Content-Length"]
    assert sorted(name for name, _ in seen.headers) == sorted(names)


@given(secret=ASCII.filter(lambda text: text == text.strip(" ")))
def test_every_secret_arrives_in_either_form_of_a_service_token(server: Server, secret: str) -> None:
    server.replies = [reply(200, COMPLETION)]
    Client(server.url, auth=ServiceToken("i", secret)).completions("a")
    Client(server.url, auth=ServiceToken("i", secret, header="X-Token")).completions("a")
    two, one = server.received[-2:]
    assert two.values("CF-Access-Client-Secret") == [secret]
    assert json.loads(one.values("X-Token")[0])["cf-access-client-secret"] == secret


@given(st.text(LETTERS, max_size=30))
@example("k\r\nX-Consumer-Username: admin")
@example("k\n")
@example(" k")
@example("ключ")
@example("k\x00")
@example("k\x7f")
@example("k\u2028")
def test_any_text_is_sent_whole_or_rejected_without_being_shown(text: str) -> None:
    problem = header_problem("key", text, "Take another.")
    good = text != "" and all(" " <= letter <= "~" for letter in text) and text == text.strip(" ")
    assert (problem is None) == good
    if problem is not None:
        assert len(text) < 8 or text not in problem
        with pytest.raises(ConfigurationError):
            ApiKey(text)
