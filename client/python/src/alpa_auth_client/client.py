"""The client, with the methods, arguments and results of Alpa's own client, plus `auth`."""

import json
import re
import socket
import time
from http.cookiejar import DefaultCookiePolicy
from typing import TYPE_CHECKING, Any, Dict, List, Optional, Sequence, Union

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError, ReadTimeoutError

from . import answers, errors
from .auth import Auth
from .errors import AlpaClientError, ConnectionFailedError

if TYPE_CHECKING:
    from typing import TypedDict

    class Choice(TypedDict):
        text: str

    class Completion(TypedDict):
        id: str
        object: str
        created: int
        choices: List[Choice]

    class Logprobs(TypedDict):
        cache_id: str
        logprobs: List[Any]
        indices: List[Any]

Prompt = Union[str, Sequence[str], Sequence[int], Sequence[Sequence[int]]]

VERSION = "0.1.0"
#: Default address of Alpa's own client. Only Alpa's own key may be sent there.
DEFAULT_URL = "https://api.alpa.ai"
#: Longest time for one answer, in seconds: the gateway's 600, and 10 for its error to arrive.
ANSWER_TIMEOUT_SECONDS = 610.0
#: Longest time to connect, in seconds; the gateway itself waits 5 s for Alpa.
CONNECT_TIMEOUT_SECONDS = 10.0
#: Longest wait between two attempts, in seconds. The windows of limits are usually a minute.
MAX_WAIT_SECONDS = 60.0
#: Wait after the first failed connection, in seconds; doubles with each further one.
CONNECT_WAIT_SECONDS = 0.5
#: Idle time before the first TCP keepalive, in seconds. Load balancers of clouds drop connections that are idle for 4 minutes.
KEEPALIVE_SECONDS = 60


class _Adapter(HTTPAdapter):
    """Connections that stay open while Alpa computes an answer."""

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        options = [*HTTPConnection.default_socket_options, (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)]
        # macOS has it from Python 3.10 on, under another name.
        idle = getattr(socket, "TCP_KEEPIDLE", getattr(socket, "TCP_KEEPALIVE", None))
        if idle is not None:
            options.append((socket.IPPROTO_TCP, idle, KEEPALIVE_SECONDS))
        super().init_poolmanager(*args, socket_options=options, **kwargs)


class Client:
    """Calls the service. Threads may share a client.

    :param url: address of the service. Required with `auth`. Default: the default address of Alpa's own client
    :param api_key: key of Alpa itself, sent in the body. Not for a gateway, which rejects such a body
    :param default_model: name under which the model is registered. Default `default`
    :param auth: ApiKey, Jwt or ServiceToken. Default: no credential
    :param answer_timeout_seconds: longest wait for an answer. Alpa sends nothing until it is complete. Default 610
    :param attempts: largest number of attempts. Default 3. The client repeats a request only if it did not reach the
        model: after 429, after 503 with Retry-After, and if no connection was opened
    :param allow_http: send a credential over plain HTTP to another host than this one. Default False
    """

    def __init__(
        self,
        url: Optional[str] = None,
        api_key: Optional[str] = None,
        default_model: str = "default",
        *,
        auth: Optional[Auth] = None,
        answer_timeout_seconds: float = ANSWER_TIMEOUT_SECONDS,
        attempts: int = 3,
        allow_http: bool = False,
    ) -> None:
        self.url = (DEFAULT_URL if url is None else url).rstrip("/")
        self.default_model = default_model
        #: The body field for Alpa's own key. Left out without a key.
        self._key = {} if api_key is None else {"api_key": api_key}
        self._auth = auth
        problems = _problems_of(self.url, allow_http or (auth is None and api_key is None))
        if auth is not None and "//api.alpa.ai" in self.url.lower():
            problems.append("url: must be the gateway's address if auth is given (it is the default address of Alpa's client). Take the address from the handout.")
        if auth is not None and api_key is not None:
            problems.append("auth: must be the only credential (api_key is given too). To call a gateway, keep auth. To call Alpa directly, keep api_key.")
        if attempts < 1:
            problems.append(f"attempts: must be 1 or more (got {attempts!r}).")
        if problems:
            raise errors.ConfigurationError(problems)
        self._attempts = attempts
        self._timeout = (min(CONNECT_TIMEOUT_SECONDS, answer_timeout_seconds), answer_timeout_seconds)
        self._session = requests.Session()
        for scheme in ("https://", "http://"):
            self._session.mount(scheme, _Adapter())
        self._session.auth = auth
        self._session.headers["User-Agent"] = f"alpa-auth-client/{VERSION} (python)"
        self._session.headers["Content-Type"] = "application/json"
        # Keeps no cookie. With a cookie of the edge, a revoked service token would work until the cookie expires.
        self._session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))

    def completions(
        self,
        prompt: Prompt,
        min_tokens: int = 0,
        max_tokens: int = 32,
        top_p: float = 1.0,
        temperature: float = 1.0,
        echo: bool = True,
        model: Optional[str] = None,
    ) -> "Completion":
        """Completes one prompt or several prompts. The defaults are those of Alpa's client.

        :param prompt: one text or several texts, each as a string or as a list of token ids
        :raises AlpaClientError: see errors
        """
        body: Dict[str, Any] = {"model": model or self.default_model, "prompt": prompt}
        body.update(min_tokens=min_tokens, max_tokens=max_tokens, temperature=temperature, top_p=top_p, echo=echo)
        return self.post("/completions", {**body, **self._key})  # type: ignore[return-value]

    def logprobs(
        self, prompt: Prompt, top_k: int = 50, cache_id: Optional[str] = None, model: Optional[str] = None
    ) -> "Logprobs":
        """Returns log probabilities of the next token.

        :param cache_id: of an earlier answer. The prompt must be the earlier prompt plus one token
        """
        body: Dict[str, Any] = {"model": model or self.default_model, "prompt": prompt, "top_k": top_k, **self._key}
        if cache_id:
            body["cache_id"] = cache_id
        return self.post("/logprobs", body)  # type: ignore[return-value]

    def post(self, path: str, body: Dict[str, Any]) -> Dict[str, Any]:
        """Sends one request to `/completions` or `/logprobs`, and returns its result.

        :raises AlpaClientError: see errors
        """
        data = json.dumps(body, allow_nan=False).encode("ascii")
        attempt = 1
        while True:
            outcome = self._once(path, data)
            if not isinstance(outcome, AlpaClientError):
                return outcome
            wait = _wait(outcome, attempt)
            if wait is None or attempt >= self._attempts:
                raise outcome
            time.sleep(wait)
            attempt += 1

    def _once(self, path: str, data: bytes) -> Union[Dict[str, Any], AlpaClientError]:
        """Returns the result or the error. The caller raises it without the exception of requests, which has the request."""
        try:
            # A redirect would send the credential and the prompt to another address.
            response = self._session.post(self.url + path, data, allow_redirects=False, timeout=self._timeout)
        except (requests.RequestException, ValueError) as error:
            return self._failure(error)
        secrets = [*self._key.values(), *([] if self._auth is None else self._auth.secrets)]
        secrets.append(response.request.headers.get("Authorization", "").rpartition(" ")[2])
        try:
            return answers.read(response, path, self._auth, secrets)
        except AlpaClientError as error:
            return error

    def _failure(self, error: Exception) -> AlpaClientError:
        cause = error.args[0] if error.args else None
        if isinstance(error, requests.ReadTimeout) or isinstance(cause, ReadTimeoutError):
            return errors.AnswerTimeoutError(f"{self.url} did not answer in time.")
        reason = getattr(cause, "reason", None)
        unsent = isinstance(reason, (ConnectTimeoutError, NewConnectionError)) or "CERTIFICATE_VERIFY" in str(reason)
        if unsent or isinstance(error, requests.exceptions.ProxyError):
            return ConnectionFailedError(f"There is no connection to {self.url} ({type(reason).__name__}).", sent=False)
        return ConnectionFailedError(f"The connection to {self.url} broke ({type(error).__name__}).", sent=True)

    def __repr__(self) -> str:
        return f"Client({self.url!r}, auth={self._auth!r}, default_model={self.default_model!r})"


def _wait(error: AlpaClientError, attempt: int) -> Optional[float]:
    """Seconds until the next attempt, or None if the request must not be repeated."""
    if isinstance(error, ConnectionFailedError):
        return None if error.sent else CONNECT_WAIT_SECONDS * 2 ** (attempt - 1)
    limited = isinstance(error, errors.RateLimitedError)
    drained = isinstance(error, errors.ModelUnreachableError) and error.status == 503
    wait = error.retry_after_seconds if limited or drained else None
    return None if wait is None or wait > MAX_WAIT_SECONDS else wait


def _problems_of(url: str, allow_http: bool) -> List[str]:
    """What is wrong with an address. Does not show the address, which may contain a password."""
    if not re.fullmatch(r"https?://[\w.:\[\]-]+(/[^\s?#\\]*)?", url, re.ASCII):
        return ["url: must be an address like https://api.example.com/alpa, without a user, query or fragment (it is not). Take it from the handout."]
    if not allow_http and not re.match(r"https:|http://(localhost|127\.[\d.]+|\[::1\])(:|/|$)", url):
        return ["url: must be https where a credential is sent (it is http). Use https, or allow_http=True if the network is trusted."]
    return []
