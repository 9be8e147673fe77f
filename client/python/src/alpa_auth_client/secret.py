"""Secrets that no repr, log or traceback shows."""

import re
from typing import NoReturn, Optional


class Secret:
    """A text that only `reveal` shows."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        return self._text

    def __repr__(self) -> str:
        return "<secret>"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a Secret cannot be pickled or copied")


def kind(value: object) -> str:
    """Kind of a value that must not be shown."""
    return "an empty string" if value == "" else "none" if value is None else f"a value of type {type(value).__name__}"


def header_problem(where: str, value: object, do: str) -> Optional[str]:
    """The reason why a value cannot be sent in a header. Does not contain the value.

    A line break would begin another header. Spaces at the ends are lost, and other characters than ASCII arrive changed.
    """
    if not isinstance(value, str) or value == "":
        return f"{where}: must be a non-empty string (got {kind(value)}). {do}"
    if re.search(r"[\r\n]", value):
        return f"{where}: must be one line (it has a line break). {do}"
    if not re.fullmatch(r"[\x20-\x7e]+", value):
        return f"{where}: must contain only visible ASCII characters (it has other characters). {do}"
    if value != value.strip(" "):
        return f"{where}: must not begin or end with a space (it does). {do}"
    return None
