"""Wait times from answers, and HTTP dates."""

import re
from datetime import timezone
from email.utils import parsedate_to_datetime
from math import ceil
from typing import Mapping, Optional

_NUMBER = re.compile(r"[0-9]{1,9}(\.[0-9]+)?")
_DAY = re.compile(r"[A-Z][a-z]{2}, ")


def retry_after(headers: Mapping[str, str], now: float) -> Optional[float]:
    """The wait time of an answer, in whole seconds: Retry-After, as a number or a date.

    Some rate limiters send a fraction, although HTTP does not allow it. It is rounded up, so that a retry is not too early.
    """
    text = headers.get("Retry-After", "").strip()
    if _NUMBER.fullmatch(text):
        return float(ceil(float(text)))
    date = date_of(text)
    return None if date is None else float(max(0, ceil(date - now)))


def window_end(headers: Mapping[str, str], now: float) -> Optional[float]:
    """The wait time of a 429: from Retry-After, otherwise until the end of APISIX's window.

    Only for 429, because APISIX also sends X-RateLimit-Reset with other answers, which need no wait.
    """
    if headers.get("Retry-After", "").strip():
        return retry_after(headers, now)
    reset = headers.get("X-RateLimit-Reset", "").strip()
    return float(ceil(float(reset))) if _NUMBER.fullmatch(reset) else None


def date_of(text: str) -> Optional[float]:
    """An HTTP date in seconds since 1970."""
    if not _DAY.match(text):
        return None
    try:
        date = parsedate_to_datetime(text)
        return (date if date.tzinfo else date.replace(tzinfo=timezone.utc)).timestamp()
    # For an invalid date, parsedate_to_datetime returns None before Python 3.10, and raises an error in later versions.
    except (AttributeError, TypeError, ValueError, IndexError, OverflowError):
        return None
