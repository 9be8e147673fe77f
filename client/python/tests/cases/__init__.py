"""Reads the cases of this folder. README.md says what they mean."""

import base64
import hashlib
import hmac
import json
import re
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, List, Optional, Tuple

import pytest
from alpa_auth_client import ApiKey, Auth, Jwt, ServiceToken

from ..keys import PEM

FOLDER = Path(__file__).parent
Fields = Dict[str, Any]


class Case(Fields):
    """The fields of a case. Records which fields a runner reads, because an unread expectation would prove nothing.

    :ivar shared: fields of the file that apply to all its cases
    """

    def __init__(self, fields: Fields, shared: Fields) -> None:
        super().__init__(fields)
        self.shared = shared
        self.unread = set(fields) - {"name"}

    def __getitem__(self, name: str) -> Any:
        self.unread.discard(name)
        return super().__getitem__(name)

    def get(self, name: str, default: Any = None) -> Any:
        self.unread.discard(name)
        return super().get(name, default)


def cases(folder: str, without: Tuple[str, ...] = ()) -> List[Any]:
    """The cases of every file in a folder, as parameters of a test.

    :param without: kinds that cannot run here
    """
    found = []
    for file in sorted((FOLDER / folder).glob("*.json")):
        if file.name == "values.json":
            continue
        content = json.loads(file.read_text(encoding="utf-8"))
        assert content["about"] and content["cases"], file
        if content["kind"] not in without:
            rows = [case for row in content["cases"] for case in _each(_merged(content.get("all", {}), row))]
            found += [pytest.param(Case(row, content), id=f"{file.stem}: {row['name']}") for row in rows]
    return found


def run(case: Case, runners: Dict[str, Callable[[Case], None]]) -> None:
    """Runs a case. Fails for an unknown kind of case, and for a field that the runner does not read."""
    assert case.shared["kind"] in runners, f"kind {case.shared['kind']}"
    runners[case.shared["kind"]](case)
    assert not case.unread, f"fields that the runner does not read: {case.unread}"


def _merged(shared: Fields, row: Fields) -> Fields:
    env = {"env": {**shared.get("env", {}), **row["env"]}} if "env" in row else {}
    return {**shared, **row, **env}


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


def fill(value: Any, names: Optional[Fields] = None) -> Any:
    """Replaces names in braces by their values.

    :param names: in addition to those of values.json
    """

    def value_of(name: str) -> Any:
        letters = re.fullmatch(r"(\d+) letters", name)
        if letters:
            return "a" * int(letters.group(1))
        found: Any = {**VALUES, **PEM, **(names or {})}
        for part in name.split("."):
            found = found[part]
        return found

    def text_of(match: "re.Match[str]") -> str:
        found = value_of(match.group(1))
        return json.dumps(found) if isinstance(found, dict) else str(found)

    def filled(text: str) -> Any:
        whole = re.fullmatch(r"\{(\w[\w. ]*)\}", text, re.ASCII)
        return value_of(whole.group(1)) if whole else re.sub(r"\{(\w[\w. ]*)\}", text_of, text, flags=re.ASCII)

    return _replaced(value, filled)


def credential_of(
    spec: Any, clock: Callable[[], float], names: Optional[Fields] = None, named: Optional[Fields] = None
) -> Any:
    """A credential.

    :param spec: its name, or its class with its arguments
    :param named: credentials by name
    """
    if isinstance(spec, str):
        return credential_of((VALUES["credentials"] if named is None else named)[spec], clock, names)
    if not isinstance(spec, dict):
        return spec
    ((kind, given),) = fill(spec, names).items()
    if kind == "ApiKey":
        return ApiKey(given)
    if kind == "ServiceToken":
        return ServiceToken(**given)
    assert kind == "Jwt", kind
    if "token" in given:
        given["token"] = _token_of(given["token"], clock())
    return Jwt(**given, clock=clock)


def _token_of(token: Any, now: float) -> str:
    """A token. The argument is a token, or the algorithm, claims, lifetime in seconds and HS256 secret to create one."""
    if isinstance(token, str):
        return token
    end = {"exp": int(now) + token["lasts"]} if "lasts" in token else {}
    parts = [{"alg": token["alg"], "typ": "JWT"}, {**token["claims"], **end}]
    signed = ".".join(_part(json.dumps(part).encode()) for part in parts)
    return f"{signed}.{_part(hmac.new(token.get('secret', '').encode(), signed.encode(), hashlib.sha256).digest())}"


def _part(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def claims_of(headers: Dict[str, str]) -> Fields:
    text = headers["Authorization"].split(".")[1]
    claims: Fields = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    return claims


VALUES: Fields = json.loads((FOLDER / "values.json").read_text(encoding="utf-8"))
VALUES["tokens"] = {name: _token_of(token, 0) for name, token in VALUES["tokens"].items()}


def auth_headers(auth: Optional[Auth], now: float) -> Dict[str, str]:
    return {} if auth is None else auth.headers(now)
