"""One POST over a connection of its own, with an end to its time.

What `requests` does by itself and must not be done with a credential: following redirects (to another host it takes off
only Authorization), and a password of ~/.netrc in the place of a token. Its read timeout is the longest pause between two
bytes, so a server that drips would hold a caller for ever: the whole answer gets a limit of its own here.
"""

import http.client
import socket
import threading
from typing import Any, List, Mapping, NamedTuple, Optional, Union

import requests
import urllib3
from requests.adapters import HTTPAdapter
from requests.auth import AuthBase
from requests.structures import CaseInsensitiveDict

#: Largest answer, in bytes. logprobs of four prompts with the largest top_k of 100,000 are about 20 MB.
MAX_ANSWER_BYTES = 256 * 1024 * 1024


class Answer(NamedTuple):
    status: int
    headers: Mapping[str, str]
    body: bytes


class Failure(NamedTuple):
    """Why there is no answer. A value and no exception, since those of requests hold the request with its headers.

    kind: `connect` (nothing was sent), `certificate` (nothing was sent), `timeout`, `lost`, `too-large`
    """

    kind: str
    detail: str


class _Watch:
    """The sockets of one request, which are shut when its time is over: that wakes whoever reads from them."""

    def __init__(self, seconds: float) -> None:
        self.connected = False
        self.expired = False
        self._done = False
        self._lock = threading.Lock()
        self._sockets: List[socket.socket] = []
        self._timer = threading.Timer(seconds, self._expire)
        self._timer.daemon = True
        self._timer.start()

    def add(self, connection: socket.socket) -> None:
        with self._lock:
            self.connected = True
            self._sockets.append(connection)
            if self.expired:
                self._shut()

    def finish(self) -> None:
        with self._lock:
            self._done = True
        self._timer.cancel()

    def _expire(self) -> None:
        with self._lock:
            if not self._done:
                self.expired = True
                self._shut()

    def _shut(self) -> None:
        for connection in self._sockets:
            try:
                # Not SSLSocket's own, which takes the TLS object away from the thread that reads.
                socket.socket.shutdown(connection, socket.SHUT_RDWR)
            except OSError:
                pass  # closed already


class _Adapter(HTTPAdapter):
    """Tells the watch of each connection once it stands, TLS and tunnel included: from then on something may be sent."""

    def __init__(self, watch: _Watch) -> None:
        class Plain(urllib3.connection.HTTPConnection):
            def connect(self) -> None:
                super().connect()
                watch.add(self.sock)

        class Secure(urllib3.connection.HTTPSConnection):
            def connect(self) -> None:
                super().connect()
                watch.add(self.sock)

        class PlainPool(urllib3.HTTPConnectionPool):
            ConnectionCls = Plain

        class SecurePool(urllib3.HTTPSConnectionPool):
            ConnectionCls = Secure

        self._pools = {"http": PlainPool, "https": SecurePool}
        super().__init__(max_retries=0)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = self._pools

    def proxy_manager_for(self, *args: Any, **kwargs: Any) -> Any:
        manager = super().proxy_manager_for(*args, **kwargs)
        manager.pool_classes_by_scheme = self._pools
        return manager


class _Session(requests.Session):
    """Sees no redirect. Told not to follow one, requests still reads its address, and fails where that is none."""

    def get_redirect_target(self, resp: requests.Response) -> Optional[str]:
        return None


class _NoNetrc(AuthBase):
    """Adds nothing; that it is there keeps requests from looking for a password."""

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        return request


def post(
    url: str, body: bytes, headers: Mapping[str, str], *, connect_seconds: float, answer_seconds: float
) -> Union[Answer, Failure]:
    """Sends one POST, once.

    :param connect_seconds: longest time until a connection stands
    :param answer_seconds: longest time until the answer is complete, from the start
    """
    watch = _Watch(answer_seconds)
    with _Session() as session:
        # HTTPS_PROXY and the CA bundle count. For plain HTTP nothing of the environment does: a proxy would read it all.
        session.trust_env = url.startswith("https:")
        session.auth = _NoNetrc()
        session.headers = CaseInsensitiveDict()
        for scheme in ("https://", "http://"):
            session.mount(scheme, _Adapter(watch))
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
        except (requests.RequestException, urllib3.exceptions.HTTPError, http.client.HTTPException, OSError) as error:
            result = _failure(error, watch)
        except ValueError as error:
            # Reading from what the watch has just shut.
            if not watch.expired:
                raise
            result = Failure("timeout", type(error).__name__)
        finally:
            watch.finish()
    if watch.expired:
        return Failure("timeout", f"no complete answer within {answer_seconds:g} s")
    return result


def _read(response: requests.Response) -> Union[Answer, Failure]:
    parts: List[bytes] = []
    size = 0
    for part in response.iter_content(65536):
        parts.append(part)
        size += len(part)
        if size > MAX_ANSWER_BYTES:
            return Failure("too-large", f"more than {MAX_ANSWER_BYTES} bytes")
    length = response.headers.get("Content-Length", "")
    # urllib3 before 2 takes an answer that ends early for a whole one.
    if length.isdigit() and int(length) != size and "Content-Encoding" not in response.headers:
        return Failure("lost", "the answer ended early")
    return Answer(response.status_code, response.headers, b"".join(parts))


def _failure(error: Exception, watch: _Watch) -> Failure:
    """What went wrong, in words that hold nothing of the request."""
    chain = _chain(error)
    if isinstance(error, requests.exceptions.SSLError) and not watch.connected:
        return Failure("certificate", "its certificate is not accepted, or it speaks no TLS")
    if not watch.connected:
        connect = any(isinstance(cause, (requests.ConnectTimeout, socket.timeout)) for cause in chain)
        return Failure("connect", "no connection in time" if connect else _reason(chain))
    if any(isinstance(cause, (requests.ReadTimeout, urllib3.exceptions.ReadTimeoutError)) for cause in chain):
        return Failure("timeout", "the connection was silent for too long")
    return Failure("lost", _reason(chain))


def _chain(error: BaseException) -> List[BaseException]:
    """An error and those it came from; requests and urllib3 keep them in three places."""
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
    return "it was closed without a complete answer"
