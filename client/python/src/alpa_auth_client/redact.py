"""Removes secrets from servers' texts, in any encoding.

A text is decoded in several steps and searched after each step. The characters that encode a secret are removed.
"""

import base64
import html
import re
from typing import Dict, List, Tuple

#: Shortest secret that is removed, in characters: removing shorter texts would make every message unreadable.
SHORTEST = 4
#: Shortest base64 form of a secret that is removed, in characters: shorter ones occur by chance in too many words.
_SHORTEST_BASE64 = 8
#: Longest searched text and longest returned text, in characters. The end of the searched text may cut a secret, which is then
#: not found. The returned text is so much shorter that it cannot contain this part.
_LOOKED_AT = 200_000
_LEFT = 100_000
# Host names arrive in lower case. Only ASCII is converted: other characters may change their length.
_LOWER = {upper: upper + 32 for upper in range(ord("A"), ord("Z") + 1)}
#: Largest number of nested encodings.
_DEPTH = 8

_ESCAPED = re.compile(
    r"\\u00([0-9a-fA-F]{2})|\\x([0-9a-fA-F]{2})|\\([\"'/\\])"  # JSON, and languages of programs
    r"|%([0-9a-fA-F]{2})"  # addresses
    r"|(&(?:\#[0-9]{1,7}|\#[xX][0-9a-fA-F]{1,6}|[A-Za-z]{2,8});?)"  # HTML
)


def without(text: str, secrets: List[str]) -> str:
    """Removes secrets from a server's text: plain, encoded for JSON, HTML, URLs or base64, or in several of these encodings."""
    text = text[:_LOOKED_AT]
    needles: Dict[str, int] = {}
    for secret in filter(lambda one: len(one) >= SHORTEST, secrets):
        needles.update(_needles(secret))
    spans = [span for step, places in _steps(text) for span in _found(step, places, needles)] if needles else []
    for start, end in reversed(_joined(spans)):
        text = f"{text[:start]}<secret>{text[end:]}"
    return text[:_LEFT]


def _steps(text: str) -> List[Tuple[str, List[int]]]:
    """The text after each step of decoding, with the offsets in the original text of each character and of the end."""
    steps = [(text, list(range(len(text) + 1)))]
    while len(steps) <= _DEPTH and _ESCAPED.search(steps[-1][0]):
        before, places = steps[-1]
        parts: List[str] = []
        now: List[int] = []
        end = 0
        for match in _ESCAPED.finditer(before):
            letters = _decoded(match)
            parts += [before[end : match.start()], letters]
            now += places[end : match.start()]
            now += [places[match.start()]] * len(letters)
            end = match.end()
        decoded = "".join([*parts, before[end:]])
        if decoded == before:
            break
        steps.append((decoded, now + places[end:]))
    return steps


def _decoded(match: "re.Match[str]") -> str:
    short, code, sign, percent, entity = match.groups()
    if sign is not None:
        return str(sign)
    return html.unescape(entity) if entity is not None else chr(int(short or code or percent, 16))


def _needles(secret: str) -> Dict[str, int]:
    """The texts to search for, and how many characters before and after each text may also belong to the secret."""
    # The text is decoded before the search, so search for the decoded secret too: it may contain an escape.
    plain = (secret, _steps(secret.rstrip("\\"))[-1][0])
    found = {one: 0 for text in plain for one in (text, text.replace(" ", "+")) if len(one) >= SHORTEST}
    for before in range(3):
        # A secret in a longer text can begin at each byte of a group. Keeps only characters that depend only on the secret.
        text = base64.b64encode(b"\0" * before + secret.encode("utf-8", "replace")).decode().rstrip("=")
        whole = text[(0, 2, 3)[before] : len(text) - (0 if (before + len(secret)) % 3 == 0 else 1)]
        if len(whole) >= _SHORTEST_BASE64:
            found.update({whole: 3, whole.replace("+", "-").replace("/", "_"): 3})
    return found


def _found(step: str, places: List[int], needles: Dict[str, int]) -> List[Tuple[int, int]]:
    spans: List[Tuple[int, int]] = []
    lower = step.translate(_LOWER)
    for needle, adjacent in needles.items():
        needle = needle.translate(_LOWER)
        start = lower.find(needle)
        while start >= 0:
            end = start + len(needle)
            if adjacent:
                start -= len(re.search(r"[\w+/-]*$", step[max(0, start - adjacent) : start], re.ASCII).group())  # type: ignore[union-attr]
                end += len(re.match(r"[\w+/=-]*", step[end : end + adjacent], re.ASCII).group())  # type: ignore[union-attr]
            spans.append((places[start], places[end]))
            start = lower.find(needle, end)
    return spans


def _joined(spans: List[Tuple[int, int]]) -> List[Tuple[int, int]]:
    joined: List[Tuple[int, int]] = []
    for start, end in sorted(spans):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return joined
