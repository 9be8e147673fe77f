"""The client, with the methods, arguments and results of Alpa's own client, plus `auth`."""

import os
from typing import TYPE_CHECKING, Any, Dict, List, Mapping, Optional, Sequence, Union

from .auth import Auth
from .secret import Secret, kind
from .sender import (
    ANSWER_TIMEOUT_SECONDS,
    ATTEMPTS,
    CONNECT_TIMEOUT_SECONDS,
    DEFAULT_URL,
    MAX_WAIT_SECONDS,
    Clock,
    Sender,
)

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


class Client:
    """Calls the service. Threads may share a client: every call has its own connection.

    :param url: address of the service. Required with `auth`. Default: the default address of Alpa's own client
    :param api_key: key of Alpa itself, sent in the body. Not for a gateway, which rejects such a body
    :param default_model: name under which the model is registered. Default `default`
    :param auth: ApiKey, Jwt or ServiceToken

    The other parameters are those of Sender.

    :raises ConfigurationError: lists every problem
    """

    def __init__(
        self,
        url: Optional[str] = None,
        api_key: Optional[str] = None,
        default_model: str = "default",
        *,
        auth: Optional[Auth] = None,
        answer_timeout_seconds: float = ANSWER_TIMEOUT_SECONDS,
        connect_timeout_seconds: float = CONNECT_TIMEOUT_SECONDS,
        attempts: int = ATTEMPTS,
        max_wait_seconds: float = MAX_WAIT_SECONDS,
        allow_http: bool = False,
        clock: Clock = Clock(),
    ) -> None:
        problems: List[str] = []
        if api_key is not None and (not isinstance(api_key, str) or api_key == ""):
            problems.append(f"api_key: must be a non-empty string (got {kind(api_key)}). Correct it, or leave it out.")
        self.default_model = default_model
        self._api_key = None if api_key is None else Secret(api_key)
        self._sender = Sender(
            DEFAULT_URL if url is None else url,
            auth,
            answer_timeout_seconds=answer_timeout_seconds,
            connect_timeout_seconds=connect_timeout_seconds,
            attempts=attempts,
            max_wait_seconds=max_wait_seconds,
            allow_http=allow_http,
            body_secret=api_key if isinstance(api_key, str) else None,
            problems=tuple(problems),
            clock=clock,
        )

    @classmethod
    def from_env(cls, environ: Optional[Mapping[str, str]] = None, **options: Any) -> "Client":
        """Creates a client from the variables ALPA_… (docs/call/README.md).

        :param environ: default os.environ
        :param options: other parameters of the constructor; they override the variables
        :raises ConfigurationError: lists every problem
        """
        from .environment import read

        return cls(**{**read(os.environ if environ is None else environ, options.get("url")), **options})

    @classmethod
    def from_credentials_file(cls, file: str, *, private_key: Optional[str] = None, **options: Any) -> "Client":
        """Creates a client from the file of `consumer handout`.

        :param private_key: in PEM form; required if the caller's own key pair signs the tokens
        :param options: other parameters of the constructor; they override the file
        :raises ConfigurationError: lists every problem
        :raises ExpiredCredentialError: the credential has expired
        """
        from .handout import load

        return cls(**{**load(file, private_key=private_key).arguments(), **options})

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
        body: Dict[str, Any] = {
            "model": model or self.default_model,
            "prompt": prompt,
            "min_tokens": min_tokens,
            "max_tokens": max_tokens,
            "temperature": temperature,
            "top_p": top_p,
            "echo": echo,
            **self._key(),
        }
        return self._sender.post("/completions", body)  # type: ignore[return-value]

    def logprobs(
        self, prompt: Prompt, top_k: int = 50, cache_id: Optional[str] = None, model: Optional[str] = None
    ) -> "Logprobs":
        """Returns log probabilities of the next token.

        :param cache_id: of an earlier answer. The prompt must be the earlier prompt plus one token
        :raises AlpaClientError: see errors
        """
        body: Dict[str, Any] = {"model": model or self.default_model, "prompt": prompt, "top_k": top_k, **self._key()}
        if cache_id:
            body["cache_id"] = cache_id
        return self._sender.post("/logprobs", body)  # type: ignore[return-value]

    def _key(self) -> Dict[str, Secret]:
        """The body field for Alpa's own key. Left out without a key."""
        return {} if self._api_key is None else {"api_key": self._api_key}

    def __repr__(self) -> str:
        return f"Client({self._sender!r}, default_model={self.default_model!r})"
