"""Credentials that an answer repeats are redacted, in any encoding."""

import base64
import html
import json
import re
import time
from typing import Callable, Dict
from urllib.parse import quote, quote_plus

import pytest
from alpa_auth_client import AlpaClientError, ApiKey, Auth, Client, Jwt, ServiceToken
from alpa_auth_client.redact import without
from hypothesis import given, strategies as st

from .server import Server, reply
from .test_tokens import NOW, token

#: Encodings in which servers repeat a text.
FORMS: Dict[str, Callable[[str], str]] = {
    "as it is": str,
    "JSON": lambda text: json.dumps(text)[1:-1],
    "JSON within JSON": lambda text: json.dumps(json.dumps(text))[1:-1],
    "JSON with codes": lambda text: "".join(f"\\u{ord(letter):04x}" for letter in text),
    "a text of Python": repr,
    "a host": str.lower,
    "HTML": html.escape,
    "HTML with decimal codes": lambda text: "".join(f"&#{ord(letter)};" for letter in text),
    "HTML with hexadecimal codes": lambda text: "".join(f"&#x{ord(letter):X};" for letter in text),
    "HTML within HTML": lambda text: html.escape(html.escape(text)),
    "JSON in HTML": lambda text: html.escape(json.dumps(text)),
    "a part of an address": lambda text: quote(text, safe=""),
    "a path": quote,
    "a query": quote_plus,
    "a query within a query": lambda text: quote_plus(quote_plus(text)),
    "an address of small codes": lambda text: "".join(f"%{ord(letter):02x}" for letter in text),
    "JSON in a query": lambda text: quote_plus(json.dumps(text)),
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "base64 after a byte": lambda text: base64.b64encode(b":" + text.encode() + b"\n").decode(),
    "base64 after two bytes": lambda text: base64.b64encode(b"k:" + text.encode() + b"...").decode(),
    "base64 for addresses": lambda text: base64.urlsafe_b64encode(text.encode()).decode().rstrip("="),
}
TELLTALE = "Th3-S3cret"
SECRETS = [
    TELLTALE + "-0123456789abcdef",
    "cfast_" + TELLTALE + "/+=~!",
    TELLTALE + " \"'<&>%41 \\ \\n",
]


@pytest.mark.parametrize("form", FORMS)
def test_no_form_of_a_secret_is_left(form: str) -> None:
    for secret in SECRETS:
        no_form_is_left(form, secret)


def no_form_is_left(form: str, secret: str) -> None:
    left = without(f"before {FORMS[form](secret)} after", [secret])
    assert left.startswith("before ") and left.endswith(" after") and "<secret>" in left
    # Quotes of the encoding, and in base64 the text around the secret, which shows at most two of its characters.
    assert len(left) <= len("before <secret> after") + 12, left
    for some in (TELLTALE, FORMS[form](TELLTALE), FORMS[form](TELLTALE)[3:-4]):
        assert some not in left


@given(
    st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), min_size=12, max_size=60),
    st.lists(st.sampled_from(["JSON", "HTML", "a part of an address", "HTML with decimal codes"]), min_size=1, max_size=3),
)
def test_no_secret_is_left_however_often_it_is_encoded(secret: str, forms: "list[str]") -> None:
    text = secret
    for form in forms:
        text = FORMS[form](text)
    if len(set(forms)) == len(forms) or len(set(forms)) == 1:
        left = without(f"<{text}>", [secret])
        assert left == "<<secret>>", (text, left)


@pytest.mark.parametrize("part", ["\\", "\\\\n", "&", "&amp;", "&amp;amp;", "%", "%25", "a", '"', "ab+ "])
def test_long_answers_are_fast(part: str) -> None:
    text = part * (400_000 // len(part))
    started = time.monotonic()
    without(text, [part * 40 + "x", "x" + part * 10, TELLTALE])
    assert time.monotonic() - started < 10


def test_texts_too_short_for_a_secret_and_other_words_stay() -> None:
    text = "the quick brown fox jumps over the lazy dog + 1 %20 &amp; \\n"
    assert without(text, ["", "o", "fox", "S3cret-not-in-text"]) == text
    assert without("quick brown", ["quick brown fox"]) == "quick brown"


AUTHS: Dict[str, Callable[[], Auth]] = {
    "a key": lambda: ApiKey(SECRETS[0]),
    "a token": lambda: Jwt(token({"key": TELLTALE, "exp": NOW * 2})),
    "a service token": lambda: ServiceToken("i.access", SECRETS[0]),
    "one header": lambda: ServiceToken("i.access", SECRETS[0], header="Authorization"),
}
BODIES: Dict[str, Callable[[str], str]] = {
    "a title of a page": lambda text: f"<html><title>{text}</title></html>",
    "a message": lambda text: json.dumps({"message": text}),
    "Alpa's error": lambda text: json.dumps({"type": "error", "message": text, "stacktrace": text}),
    "plain text": lambda text: f"bad request: {text}",
}


def test_a_redirect_to_a_host_named_like_the_secret_does_not_show_it(server: Server) -> None:
    server.replies = [reply(302, "", {"Location": f"http://{SECRETS[0]}.example/{SECRETS[0]}"})]
    with pytest.raises(AlpaClientError) as caught:
        Client(server.url, auth=ApiKey(SECRETS[0])).completions("a")
    assert "a redirect (302) to <secret>.example" in str(caught.value)


class Renewing(Jwt):
    """Simulates another thread right after this one has read its token."""

    def headers(self, now: float) -> Dict[str, str]:
        taken = super().headers(now)
        super().headers(now + 5000)
        return taken


def test_a_token_that_was_renewed_meanwhile_is_redacted_too(server: Server) -> None:
    echo = lambda connection: connection.sendall(reply(400, server.received[0].values("Authorization")[0]))  # noqa: E731
    server.replies = [echo]
    with pytest.raises(AlpaClientError, match="<secret>") as caught:
        Client(server.url, auth=Renewing(key="k", secret="s" * 32)).completions("a")
    assert server.received[0].values("Authorization")[0].split(" ")[1] not in str(caught.value)


@pytest.mark.parametrize("body", BODIES)
@pytest.mark.parametrize("kind", AUTHS)
def test_an_error_repeats_nothing_that_the_server_does(server: Server, kind: str, body: str) -> None:
    auth = AUTHS[kind]()
    client = Client(server.url, auth=auth)
    values = [value for name, value in auth.headers(NOW).items() if name != "CF-Access-Client-Id"]
    secret = values[0].rpartition(".")[2] if kind == "a token" else TELLTALE
    for spell in FORMS.values():
        number = re.sub("[^A-Za-z0-9_.:-]", "", auth.secrets[-1] or secret)[:64]
        server.replies = [reply(400, BODIES[body](" ".join(map(spell, values))), {"X-Request-Id": number})]
        with pytest.raises(AlpaClientError) as caught:
            client.completions("a")
        shown = str(caught.value) + repr(vars(caught.value))
        for some in (secret, spell(secret)[3:-4]):
            assert some not in shown, shown
