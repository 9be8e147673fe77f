"""Removes secrets from servers' texts, in any encoding.

A text is decoded step by step and searched at each step; where a secret is found, the characters that encode it are removed.
"""

import base64
import html
import re
from typing import Dict, List, Tuple

#: Shortest secret that is removed, in characters: removing shorter texts would make every message unreadable.
SHORTEST = 4
#: Shortest base64 form of a secret that is removed, in characters: shorter ones occur by chance in too many words.
_SHORTEST_BASE64 = 8
#: Longest text that is searched, and longest text that is returned, in characters. The second is so much shorter that a secret
#: which is cut at the end of the searched text is never returned.
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
    """A server's text without the secrets in it: plain, or encoded for JSON, HTML, URLs or base64, also nested."""
    text = text[:_LOOKED_AT]
    needles: Dict[str, int] = {}
    for secret in filter(lambda one: len(one) >= SHORTEST, secrets):
        needles.update(_needles(secret))
    spans = [span for step, places in _steps(text) for span in _found(step, places, needles)] if needles else []
    for start, end in reversed(_joined(spans)):
        text = f"{text[:start]}<secret>{text[end:]}"
    return text[:_LEFT]


def _steps(text: str) -> List[Tuple[str, List[int]]]:
    """A text and its decoded forms, each with the position in the original of every character and of the end."""
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
    """The patterns to search for, and how many adjacent characters may belong to the secret too."""
    # The decoded form of the secret is searched too: a secret may look like an escape, or end with the start of one.
    plain = (secret, _steps(secret.rstrip("\\"))[-1][0])
    found = {one: 0 for text in plain for one in (text, text.replace(" ", "+")) if len(one) >= SHORTEST}
    for before in range(3):
        # Base64 depends on the secret's offset in a group of three bytes; its first and last characters mix with the neighbours.
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
