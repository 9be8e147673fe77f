"""Reads the cases of this folder. README.md says what they mean."""

import json
import re
import time
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, List, Optional

import jwt
import pytest
from alpa_auth_client import ApiKey, Auth, Jwt, ServiceToken

FOLDER = Path(__file__).parent
Fields = Dict[str, Any]


class Case(Fields):
    """The fields of a case. Records which fields a runner reads, because an unread expectation would prove nothing.

    :ivar credentials: the credentials of its file, by name
    """

    def __init__(self, fields: Fields, credentials: Fields) -> None:
        super().__init__(fields)
        self.credentials = credentials
        self.unread = set(fields) - {"name"}

    def __getitem__(self, name: str) -> Any:
        self.unread.discard(name)
        return super().__getitem__(name)

    def get(self, name: str, default: Any = None) -> Any:
        self.unread.discard(name)
        return super().get(name, default)


def cases(path: str) -> List[Any]:
    """The cases of a file, as parameters of a test."""
    content = json.loads((FOLDER / path).read_text(encoding="utf-8"))
    rows = [case for row in content["cases"] for case in _each({**content.get("all", {}), **row})]
    return [pytest.param(Case(row, content.get("credentials", CREDENTIALS)), id=row["name"]) for row in rows]


def _each(row: Fields) -> Iterator[Fields]:
    """A case for each value of its field `each`."""
    values = row.pop("each", [None])
    for value in values:
        text_of = lambda text: value if text == "{each}" else text.replace("{each}", str(value))  # noqa: E731, B023
        yield {**_replaced(row, text_of), "name": row["name"] if values == [None] else f"{row['name']}: {value!r}"}


def _replaced(value: Any, change: Callable[[str], Any]) -> Any:
    if isinstance(value, str):
        return change(value)
    if isinstance(value, list):
        return [_replaced(one, change) for one in value]
    return {change(name): _replaced(one, change) for name, one in value.items()} if isinstance(value, dict) else value


def fill(value: Any, names: Fields) -> Any:
    """Replaces names in braces by their values, and `{70000 letters}` by a text."""

    def value_of(name: str) -> Any:
        number, _, letters = name.partition(" ")
        if letters == "letters":
            return "a" * int(number)
        found: Any = names
        for part in name.split("."):
            found = found[part]
        return found

    def filled(text: str) -> Any:
        return re.sub(r"\{(\w[\w. ]*)\}", lambda match: str(value_of(match.group(1))), text, flags=re.ASCII)

    return _replaced(value, filled)


def credential_of(spec: Any, names: Fields) -> Optional[Auth]:
    """A credential of its class with its arguments."""
    if spec is None:
        return None
    ((kind, given),) = fill(spec, names).items()
    if kind == "Jwt" and isinstance(given.get("token"), dict):
        given["token"] = token_of(**given["token"])
    return {"ApiKey": ApiKey, "ServiceToken": ServiceToken, "Jwt": Jwt}[kind](**given)  # type: ignore[no-any-return]


def token_of(lasts: int, secret: str = "secret-of-the-tests-0123456789abc", **claims: Any) -> str:
    """A token that expires so many seconds from now."""
    return jwt.encode({**claims, "exp": int(time.time()) + lasts}, secret, algorithm="HS256")


CREDENTIALS: Fields = {
    "a key": {"ApiKey": {"key": "KEY-of-team-0123456789"}},
    "a token": {"Jwt": {"token": {"lasts": 900}}},
    "a secret": {"Jwt": {"key": "ns_a.b", "secret": "SECRET-of-team-0123456789-abcdefgh"}},
    "a service token": {"ServiceToken": {"client_id": "id.access", "client_secret": "SECRET-of-team-0123456789"}},
}
