"""Secrets that no repr, log or traceback shows."""

import re
from typing import NoReturn, Optional


class Secret:
    """A text that shows itself only when asked to."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        return self._text

    def __repr__(self) -> str:
        return "<secret>"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a secret is not written anywhere")


def header_problem(where: str, value: object, do: str) -> Optional[str]:
    """What keeps a value from being sent in a header; never the value itself.

    A line break would start a header of its own; blanks at the ends are taken off on the way, and what is not ASCII
    arrives as something else.
    """
    if not isinstance(value, str):
        return f"{where}: must be a text (got {type(value).__name__}). {do}"
    if value == "":
        return f'{where}: must not be empty (got ""). {do}'
    if re.search(r"[\r\n]", value):
        return f"{where}: must be one line (it has a line break). {do}"
    if not re.fullmatch(r"[\x20-\x7e]+", value):
        return f"{where}: must be of visible ASCII characters (it has others). {do}"
    if value != value.strip(" "):
        return f"{where}: must not begin or end with a blank (it does). {do}"
    return None
