"""How long an answer asks to wait, and the dates of HTTP."""

import re
from datetime import timezone
from email.utils import parsedate_to_datetime
from math import ceil
from typing import Mapping, Optional

_NUMBER = re.compile(r"[0-9]{1,9}(\.[0-9]+)?")
_DAY = re.compile(r"[A-Z][a-z]{2}, ")


def retry_after(headers: Mapping[str, str], now: float) -> Optional[float]:
    """How long an answer asks to wait, in whole seconds: Retry-After, as a number or a date.

    A fraction is no HTTP, but some limiters send one; to come back early would cost an attempt.
    """
    text = headers.get("Retry-After", "").strip()
    if _NUMBER.fullmatch(text):
        return float(ceil(float(text)))
    date = date_of(text)
    return None if date is None else float(max(0, ceil(date - now)))


def window_end(headers: Mapping[str, str], now: float) -> Optional[float]:
    """The same of a refusal by a limit, with the end of APISIX's window when there is no Retry-After.

    APISIX also sets that header on admitted requests, so with another status it means nothing.
    """
    if headers.get("Retry-After", "").strip():
        return retry_after(headers, now)
    reset = headers.get("X-RateLimit-Reset", "").strip()
    return float(ceil(float(reset))) if _NUMBER.fullmatch(reset) else None


def date_of(text: str) -> Optional[float]:
    """A date of HTTP in seconds since 1970."""
    if not _DAY.match(text):
        return None
    try:
        date = parsedate_to_datetime(text)
        return (date if date.tzinfo else date.replace(tzinfo=timezone.utc)).timestamp()
    # None before Python 3.10, an error after.
    except (AttributeError, TypeError, ValueError, IndexError, OverflowError):
        return None
