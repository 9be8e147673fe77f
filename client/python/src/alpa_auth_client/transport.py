"""One POST over its own connection, with a time limit.

This module turns off two defaults of `requests`, because they endanger credentials. `requests` follows redirects, and removes
only Authorization before it sends a request to another host. It also replaces a token by a password of ~/.netrc. The read timeout
of `requests` limits only the pause between two bytes, so this module also limits the time of the whole answer.
"""

import re
import socket
import ssl
from typing import List, Mapping, NamedTuple, Optional, Union

import requests
import urllib3
from requests.auth import AuthBase
from requests.structures import CaseInsensitiveDict

from .watch import Adapter, Watch

#: Largest answer, in bytes. logprobs of four prompts with the largest top_k of 100,000 are about 20 MB.
MAX_ANSWER_BYTES = 256 * 1024 * 1024


class Answer(NamedTuple):
    status: int
    headers: Mapping[str, str]
    body: bytes


class Failure(NamedTuple):
    """The reason why there is no answer. Not an exception, because exceptions of requests contain the request's headers.

    kind: `connect` (nothing was sent), `setting` (an environment variable is invalid; nothing was sent), `timeout`, `lost`,
    `too-large`
    """

    kind: str
    detail: str


class _Session(requests.Session):
    """Ignores redirects. With allow_redirects=False, requests would still parse their address, and fail if it is invalid."""

    def get_redirect_target(self, resp: requests.Response) -> Optional[str]:
        return None


class _NoNetrc(AuthBase):
    """Adds no header. With an auth object, requests does not search ~/.netrc for a password."""

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        return request


def post(
    url: str, body: bytes, headers: Mapping[str, str], *, connect_seconds: float, answer_seconds: float
) -> Union[Answer, Failure]:
    """Sends one POST, once.

    :param connect_seconds: longest time to connect
    :param answer_seconds: longest time from the start until the answer is complete
    """
    watch = Watch(answer_seconds)
    with _Session() as session:
        # HTTPS_PROXY, NO_PROXY and the CA bundle apply only to https, because a proxy could read plain HTTP.
        session.trust_env = url.startswith("https:")
        session.auth = _NoNetrc()
        session.headers = CaseInsensitiveDict()
        for scheme in ("https://", "http://"):
            session.mount(scheme, Adapter(watch))
        try:
            with session.post(
                url,
                data=body,
                headers=dict(headers),
                allow_redirects=False,
                stream=True,
                timeout=(connect_seconds, answer_seconds),
            ) as response:
                result = _read(response)
        # The exception is not raised again, because it may show the request or a password in HTTPS_PROXY.
        except Exception as error:
            result = _failure(error, watch)
        finally:
            watch.finish()
    return _late(watch) if watch.expired else result


def _read(response: requests.Response) -> Union[Answer, Failure]:
    parts: List[bytes] = []
    size = 0
    for part in response.iter_content(65536):
        parts.append(part)
        size += len(part)
        if size > MAX_ANSWER_BYTES:
            return Failure("too-large", f"more than {MAX_ANSWER_BYTES} bytes")
    length = response.headers.get("Content-Length", "")
    # urllib3 before 2 accepts a truncated answer as complete.
    if length.isdigit() and int(length) != size and "Content-Encoding" not in response.headers:
        return Failure("lost", "the answer ended early")
    return Answer(response.status_code, response.headers, b"".join(parts))


def _late(watch: Watch) -> Failure:
    return Failure("timeout", f"no complete answer within {watch.seconds:g} s")


def _failure(error: Exception, watch: Watch) -> Failure:
    """A description of the error without any part of the request."""
    chain = _chain(error)
    if watch.connected:
        if any(isinstance(cause, (requests.ReadTimeout, urllib3.exceptions.ReadTimeoutError)) for cause in chain):
            # The read timeout equals the watch's limit. On a busy machine, the read may time out first.
            return _late(watch)
        return Failure("lost", _reason(chain))
    if isinstance(error, ValueError):
        return Failure("setting", _PROXY)
    if type(error) is OSError and "CA certificate bundle" in str(error):
        return Failure("setting", _BUNDLE)
    way = "through the proxy in HTTPS_PROXY: " if watch.proxied else ""
    if any(isinstance(cause, (requests.exceptions.SSLError, ssl.SSLError)) for cause in chain):
        return Failure("connect", f"{way}its certificate is not accepted, or it does not use TLS")
    if any(isinstance(cause, (requests.ConnectTimeout, socket.timeout)) for cause in chain):
        return Failure("connect", f"{way}no connection in time")
    refused = re.search(r"Tunnel connection failed: (\d{3})", str(error))
    return Failure("connect", way + (f"it answers {refused.group(1)}" if refused else _reason(chain)))


# Address checked the service's URL, so an address that requests rejects is the proxy's address.
_PROXY = (
    "HTTPS_PROXY: must be the address of a proxy, with http, https, socks5 or socks5h (it is not one, or the package PySocks"
    " is missing). Correct HTTPS_PROXY or ALL_PROXY. For SOCKS, run: pip install 'alpa-auth-client[socks]'"
)
_BUNDLE = "REQUESTS_CA_BUNDLE: must be a file or folder with certificates (it does not exist). Correct REQUESTS_CA_BUNDLE or CURL_CA_BUNDLE."


def _chain(error: BaseException) -> List[BaseException]:
    """An error and its causes, which requests and urllib3 keep in three attributes."""
    found: List[BaseException] = []
    waiting: List[object] = [error]
    while waiting:
        cause = waiting.pop(0)
        if isinstance(cause, BaseException) and cause not in found:
            found.append(cause)
            waiting += [getattr(cause, "reason", None), *cause.args, cause.__cause__, cause.__context__]
    return found


def _reason(chain: List[BaseException]) -> str:
    for cause in chain:
        if isinstance(cause, socket.gaierror):
            return "its name is not known"
        text: Optional[str] = getattr(cause, "strerror", None)
        if isinstance(cause, OSError) and text:
            return text[0].lower() + text[1:]
    return f"it was closed without a complete answer ({type(chain[0]).__name__})"
