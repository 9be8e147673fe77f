"""The address of the service, and the URLs below it."""

import ipaddress
import re
from typing import List, Optional, Union
from urllib.parse import SplitResult, urlsplit

_PATH = re.compile(r"(?:/(?:[A-Za-z0-9._~!$&'()*+,;=:@-]|%[0-9A-Fa-f]{2})*)*")
_NAME = re.compile(r"(?!-)[A-Za-z0-9_-]{1,63}(?<!-)(?:\.(?!-)[A-Za-z0-9_-]{1,63}(?<!-))*\.?")


class Address:
    """A checked address: `https://host[:port][/path]`, nothing else. `read` creates it."""

    def __init__(self, parts: SplitResult) -> None:
        self._base = f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}"
        self.secure = parts.scheme == "https"
        self.host = (parts.hostname or "").rstrip(".")
        self.loopback = _is_loopback(parts.hostname or "")

    def join(self, path: str) -> str:
        """The URL of `path`. Ignores a trailing slash of the address."""
        return f"{self._base}{path}"

    def __repr__(self) -> str:
        return self._base


def read(url: object, problems: List[str]) -> Optional[Address]:
    """Parses an address. Adds its errors to `problems`, without parts that may be secret."""

    def wrong(must: str, got: str, do: str) -> None:
        problems.append(f"url: {must} ({got}). {do}")

    before = len(problems)
    parts = _split(url) if isinstance(url, str) else None
    if not isinstance(url, str) or parts is None or parts.scheme not in ("http", "https") or not _is_host(parts):
        wrong(
            "must be an address, for example https://api.example.com/alpa",
            "it is not one",
            "Take it from the handout. If the host name has non-ASCII letters, write its ASCII form (xn--…).",
        )
        return None
    if "@" in parts.netloc:
        wrong("must not contain a user name or password", "it has an @", "Remove them, and pass the credential as auth.")
    if "?" in url:
        wrong("must not have a query", "it has a ?", "Remove it, and pass a credential as auth, which is sent in headers.")
    if "#" in url:
        wrong("must not have a fragment", "it has a #", "Remove it.")
    if not _PATH.fullmatch(parts.path):
        wrong("must have a path of ASCII letters, digits and %XX", "it has other characters", "Percent-encode them.")
    elif "//" in parts.path.rstrip("/"):
        # No route matches //. Some versions of requests read the text after // at the start of a path as a host.
        wrong("must not have // in its path", "it does", "Write one slash.")
    elif any(segment.replace("%2e", ".").replace("%2E", ".") in (".", "..") for segment in parts.path.split("/")):
        wrong("must not have . or .. in its path", "it does", "Write the full path.")
    return Address(parts) if len(problems) == before else None


def _split(url: str) -> Optional[SplitResult]:
    # urlsplit silently removes line breaks and tabs.
    if re.search(r"[^\x21-\x7e]|\\", url):
        return None
    try:
        parts = urlsplit(url)
        return None if parts.port == 0 else parts
    except ValueError:
        return None


def _is_host(parts: SplitResult) -> bool:
    host = parts.hostname or ""
    after = parts.netloc.rpartition("@")[2]
    if after.endswith(":"):
        return False
    if after.startswith("["):
        return isinstance(_ip(host), ipaddress.IPv6Address)
    return _NAME.fullmatch(host) is not None


def _ip(host: str) -> Union[ipaddress.IPv4Address, ipaddress.IPv6Address, None]:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def _is_loopback(host: str) -> bool:
    address = _ip(host)
    return host.lower() == "localhost" if address is None else address.is_loopback
