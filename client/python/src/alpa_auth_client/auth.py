"""Authentication for `requests`: a key, a JWT, or a service token of the edge."""

import json
import re
import threading
import time
import warnings
from typing import Callable, Dict, List, Optional

import jwt
from requests import PreparedRequest
from requests.auth import AuthBase

from .errors import ConfigurationError, ExpiredCredentialError

#: Algorithms of the gateway's credentials.
ALGORITHMS = ("HS256", "RS256", "ES256", "EdDSA")
#: Lifetime of a created token, in seconds: a stolen token is worth little, and few are created.
LIFETIME_SECONDS = 900
#: Largest expected difference between the clocks of client and gateway, in seconds.
SKEW_SECONDS = 60


class Auth(AuthBase):
    """A credential that is added to every request."""

    #: Texts to remove from errors, because an answer may repeat them.
    secrets: List[str] = []

    def headers(self) -> Dict[str, str]:
        """Headers with the credential."""
        raise NotImplementedError

    def has_expired(self) -> bool:
        """Whether the credential is known to have expired."""
        return False

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        request.headers.update(self.headers())
        return request

    def __repr__(self) -> str:
        return f"{type(self).__name__}(<secret>)"


class ApiKey(Auth):
    """A key, sent in the header `apikey`, which APISIX's key-auth reads."""

    def __init__(self, key: str) -> None:
        _check(key=key)
        self.secrets = [key]

    def headers(self) -> Dict[str, str]:
        return {"apikey": self.secrets[0]}


class ServiceToken(Auth):
    """A service token of Cloudflare Access.

    :param header: name of a single header that carries both values as JSON. Only for an Access application with the
        setting `read_service_tokens_from_header`. Default: the two usual headers
    """

    def __init__(self, client_id: str, client_secret: str, *, header: Optional[str] = None) -> None:
        _check(client_id=client_id, client_secret=client_secret, **({} if header is None else {"header": header}))
        self.client_id = client_id
        self.header = header
        self.secrets = [client_secret]

    def headers(self) -> Dict[str, str]:
        pair = {"CF-Access-Client-Id": self.client_id, "CF-Access-Client-Secret": self.secrets[0]}
        if self.header is None:
            return pair
        return {self.header: json.dumps({name.lower(): value for name, value in pair.items()})}


class Jwt(Auth):
    """A token, sent as `Authorization: Bearer …`. Either `token`, or `key` and one of `secret` and `private_key`.

    Created tokens have no claim nbf, because APISIX would reject a token in the second of its nbf.

    :param token: a finished token
    :param key: claim `key` of the created tokens, from the handout
    :param secret: signs with HS256
    :param private_key: signs with `algorithm`. In PEM form, without a passphrase
    :param algorithm: must be that of the credential. Default: HS256 with `secret`, RS256 with `private_key`
    """

    def __init__(
        self,
        token: Optional[str] = None,
        *,
        key: Optional[str] = None,
        secret: Optional[str] = None,
        private_key: Optional[str] = None,
        algorithm: Optional[str] = None,
    ) -> None:
        self._lock = threading.Lock()
        self._sign: Optional[Callable[[int], str]] = None
        self._end = float("-inf")
        if [token, secret, private_key].count(None) != 2:
            raise ConfigurationError(["Jwt: must have exactly one of token, secret and private_key. Keep the one that the handout has."])
        if token is not None:
            _check(token=token)
            self._end = _end_of(token)
            self._token = token
            return
        _check(key=key)
        self.secrets = [] if secret is None else [secret]
        algorithm = algorithm or ("HS256" if private_key is None else "RS256")
        if algorithm not in ALGORITHMS or (algorithm == "HS256") != (private_key is None):
            allowed = ALGORITHMS[:1] if private_key is None else ALGORITHMS[1:]
            raise ConfigurationError([f"algorithm: must be {' or '.join(allowed)} (got {algorithm!r}). Take it from the handout."])
        self._sign = _signer(key or "", secret or private_key or "", algorithm)

    def headers(self) -> Dict[str, str]:
        now = time.time()
        with self._lock:
            # If a token is valid for longer than its lifetime, the clock was set back after its creation.
            if self._sign is not None and not SKEW_SECONDS < self._end - now <= LIFETIME_SECONDS:
                self._token = self._sign(int(now))
                self._end = int(now) + LIFETIME_SECONDS
            # Within the skew, the client still sends the expired token, because the gateway's clock decides.
            if now >= self._end + SKEW_SECONDS:
                raise ExpiredCredentialError("The token has expired.")
            return {"Authorization": f"Bearer {self._token}"}

    def has_expired(self) -> bool:
        return self._sign is None and time.time() >= self._end


def _check(**parts: object) -> None:
    """Rejects texts that cannot be sent in a header, without showing them. `requests` does not check them."""
    problems = [
        f"{name}: must be visible ASCII characters in one line, without spaces around them (it is not). Take it from the handout."
        for name, value in parts.items()
        if not isinstance(value, str) or not re.fullmatch(r"[!-~]([ -~]*[!-~])?", value)
    ]
    if problems:
        raise ConfigurationError(problems)


def _end_of(token: str) -> float:
    """The claim exp of a token, in seconds since 1970. The signature is not verified."""
    try:
        return float(jwt.decode(token, options={"verify_signature": False})["exp"])
    except (jwt.PyJWTError, KeyError, TypeError, ValueError):
        pass
    raise ConfigurationError(["token: must be a JWT with the claim exp (it is not). Give the whole token, without Bearer."])


def _signer(key: str, secret: str, algorithm: str) -> Callable[[int], str]:
    """A function that creates a token, of the time in seconds since 1970."""

    def sign(now: int) -> str:
        with warnings.catch_warnings():
            # Suppresses PyJWT's warning about short secrets, because the operator chooses their length.
            warnings.simplefilter("ignore")
            return jwt.encode({"key": key, "iat": now, "exp": now + LIFETIME_SECONDS}, secret, algorithm=algorithm)

    hs = algorithm == "HS256"
    problem = "secret: must be a shared secret" if hs else f"private_key: must be a private key for {algorithm} as PEM, without a passphrase"
    problem += " (it cannot sign). Give the text that fits the credential."
    try:
        if not hs or secret == secret.strip():
            sign(0)
            return sign
    except NotImplementedError:
        problem = "private_key: needs the package cryptography (it is missing). Run: pip install 'alpa-auth-client[private-key]'"
    except Exception:  # Not shown, because an error of cryptography may quote the key.
        pass
    raise ConfigurationError([problem])
