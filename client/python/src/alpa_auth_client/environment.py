"""Settings from environment variables, which docs/call/README.md lists."""

import re
from typing import Any, Dict, List, Mapping, Optional

from .auth import ApiKey, Auth, ServiceToken
from .errors import ConfigurationError
from .tokens import Jwt

NAMES = (
    "ALPA_URL",
    "ALPA_API_KEY",
    "ALPA_JWT",
    "ALPA_JWT_KEY",
    "ALPA_JWT_SECRET",
    "ALPA_JWT_PRIVATE_KEY_FILE",
    "ALPA_JWT_ALGORITHM",
    "ALPA_ACCESS_CLIENT_ID",
    "ALPA_ACCESS_CLIENT_SECRET",
    "ALPA_ACCESS_HEADER",
    "ALPA_CREDENTIALS_FILE",
    "ALPA_ANSWER_TIMEOUT_SECONDS",
    "ALPA_ALLOW_HTTP",
)

#: Variables of each authentication method. The key of an entry stands for the method in errors.
_WAYS = {
    "ALPA_API_KEY": ("ALPA_API_KEY",),
    "ALPA_JWT": ("ALPA_JWT",),
    "ALPA_JWT_KEY": ("ALPA_JWT_KEY", "ALPA_JWT_SECRET", "ALPA_JWT_PRIVATE_KEY_FILE", "ALPA_JWT_ALGORITHM"),
    "ALPA_ACCESS_CLIENT_ID": ("ALPA_ACCESS_CLIENT_ID", "ALPA_ACCESS_CLIENT_SECRET", "ALPA_ACCESS_HEADER"),
}


def read(environ: Mapping[str, str], url: Optional[str] = None) -> Dict[str, Any]:
    """Arguments for Client.

    :param url: address from the arguments, if given
    :raises ConfigurationError: lists every problem
    """
    values = {name: environ[name] for name in NAMES if name in environ}
    problems = [f'{name}: must not be empty (got ""). Unset it, or give it a value.' for name in values if not values[name]]
    values = {name: value for name, value in values.items() if value}
    arguments: Dict[str, Any] = {}
    file = values.get("ALPA_CREDENTIALS_FILE")
    ways = [way for way, names in _WAYS.items() if any(name in values for name in names)]
    if file is not None:
        # A credentials file never contains a private key, so ALPA_JWT_PRIVATE_KEY_FILE may be set too.
        _file(file, values, ways, arguments, problems)
    else:
        if "ALPA_URL" not in values and url is None:
            problems.append("ALPA_URL: must be set (it is not). Take the address from the handout.")
        if len(ways) > 1:
            problems.append(f"{', '.join(ways)}: must belong to one authentication method (they belong to {len(ways)}). Keep one method, and unset the variables of the others.")
        auth = _auth(ways[0], values, problems) if len(ways) == 1 else None
        arguments = {"url": values.get("ALPA_URL"), "auth": auth}
    seconds = values.get("ALPA_ANSWER_TIMEOUT_SECONDS")
    if seconds is not None and re.fullmatch(r"[0-9]{1,6}(\.[0-9]{1,6})?", seconds):
        arguments["answer_timeout_seconds"] = float(seconds)
    elif seconds is not None:
        problems.append(f"ALPA_ANSWER_TIMEOUT_SECONDS: must be a number of seconds (got {seconds!r}).")
    allow = values.get("ALPA_ALLOW_HTTP", "0")
    if allow not in ("0", "1"):
        problems.append(f"ALPA_ALLOW_HTTP: must be 1 or 0 (got {allow!r}).")
    if problems:
        raise ConfigurationError(problems)
    return {**arguments, "allow_http": allow == "1"}


def _file(
    file: str, values: Mapping[str, str], ways: List[str], arguments: Dict[str, Any], problems: List[str]
) -> None:
    from .handout import load

    conflicting = [name for name in values if name in ("ALPA_URL", *_names()) and name != "ALPA_JWT_PRIVATE_KEY_FILE"]
    if conflicting:
        problems.append(f"ALPA_CREDENTIALS_FILE: must not be set together with {', '.join(conflicting)} (they are set). Unset them.")
    private_key = _private_key(values, problems)
    try:
        arguments.update(load(file, private_key=private_key).arguments())
    except ConfigurationError as error:
        problems += error.problems


def _names() -> List[str]:
    return [name for names in _WAYS.values() for name in names]


def _auth(way: str, values: Mapping[str, str], problems: List[str]) -> Optional[Auth]:
    try:
        if way == "ALPA_API_KEY":
            return ApiKey(values[way])
        if way == "ALPA_JWT":
            return Jwt(values[way])
        if way == "ALPA_JWT_KEY":
            key, private_key = _need(values, "ALPA_JWT_KEY", problems), _private_key(values, problems)
            if problems:
                return None
            return Jwt(
                key=key,
                secret=values.get("ALPA_JWT_SECRET"),
                private_key=private_key,
                algorithm=values.get("ALPA_JWT_ALGORITHM"),
            )
        client_id = _need(values, "ALPA_ACCESS_CLIENT_ID", problems)
        client_secret = _need(values, "ALPA_ACCESS_CLIENT_SECRET", problems)
        if client_id is None or client_secret is None:
            return None
        return ServiceToken(client_id, client_secret, header=values.get("ALPA_ACCESS_HEADER"))
    except ConfigurationError as error:
        problems += error.problems
        return None


def _need(values: Mapping[str, str], name: str, problems: List[str]) -> Optional[str]:
    if name not in values:
        with_ = "another variable of this authentication method is set"
        problems.append(f"{name}: must be set ({with_}). Take it from the handout.")
    return values.get(name)


def _private_key(values: Mapping[str, str], problems: List[str]) -> Optional[str]:
    file = values.get("ALPA_JWT_PRIVATE_KEY_FILE")
    if file is None:
        return None
    text, problem = read_text("ALPA_JWT_PRIVATE_KEY_FILE", file)
    if problem is not None:
        problems.append(problem)
    return text


def read_text(where: str, file: str) -> "tuple[Optional[str], Optional[str]]":
    """Text of a file, or an error. If `file` is a file's content instead of its name, the error does not quote it."""
    if "\n" in file or "-----BEGIN" in file:
        return None, f"{where}: must be the name of a file (it is the content of one). Write the content into a file, and give its name."
    try:
        with open(file, encoding="utf-8") as handle:
            return handle.read(), None
    except UnicodeDecodeError:
        return None, f"{where}: must be a text file (got {file}, which is not one). Name another file."
    except OSError as error:
        return None, f"{where}: must be a file that can be read (got {file}: {error.strerror}). Correct the path."
