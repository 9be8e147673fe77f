"""Redaction in any mixture of encodings, and its speed. cases/redaction.json has encodings, and answers with secrets."""

import time
from typing import Dict

import pytest
from alpa_auth_client import AlpaClientError, Client, Jwt
from alpa_auth_client.redact import without
from hypothesis import given, strategies as st

from .redaction import STEPS
from .server import Server, reply


@given(
    st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), min_size=12, max_size=60),
    st.lists(st.sampled_from(["json", "html", "percent", "html decimal"]), min_size=1, max_size=3),
)
def test_no_secret_is_left_however_often_it_is_encoded(secret: str, forms: "list[str]") -> None:
    text = secret
    for form in forms:
        text = STEPS[form](text)
    if len(set(forms)) == len(forms) or len(set(forms)) == 1:
        left = without(f"<{text}>", [secret])
        assert left == "<<secret>>", (text, left)


@pytest.mark.parametrize("part", ["\\", "\\\\n", "&", "&amp;", "&amp;amp;", "%", "%25", "a", '"', "ab+ "])
def test_long_answers_are_fast(part: str) -> None:
    text = part * (400_000 // len(part))
    started = time.monotonic()
    without(text, [part * 40 + "x", "x" + part * 10, "Th3-S3cret"])
    assert time.monotonic() - started < 10


def test_texts_too_short_for_a_secret_and_other_words_stay() -> None:
    text = "the quick brown fox jumps over the lazy dog + 1 %20 &amp; \\n"
    assert without(text, ["", "o", "fox", "S3cret-not-in-text"]) == text
    assert without("quick brown", ["quick brown fox"]) == "quick brown"


class Renewing(Jwt):
    """Simulates a second thread that renews the token after this thread has read it."""

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
