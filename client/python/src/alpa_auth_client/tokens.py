"""JWTs: a finished token, or tokens that are created here and renewed before they expire."""

import threading
import time
import warnings
from typing import Any, Callable, Dict, List, Optional

import jwt

from .auth import Auth
from .errors import ConfigurationError, ExpiredCredentialError
from .secret import Secret, header_problem, kind

#: Algorithms of the gateway's credentials.
ALGORITHMS = ("HS256", "RS256", "ES256", "EdDSA")

#: Largest expected difference between the clocks of client and gateway, in seconds.
SKEW_SECONDS = 60

_OURS = ("key", "iat", "exp", "nbf")


class Jwt(Auth):
    """A token, sent as `Authorization: Bearer …`. Either `token`, or `key` and one of `secret` and `private_key`.

    :param token: a finished token
    :param key: claim `key` of the created tokens, from the handout
    :param secret: signs with HS256
    :param private_key: signs with `algorithm`. In PEM form, without a passphrase
    :param algorithm: must be that of the credential. Default: HS256 with `secret`, RS256 with `private_key`
    :param lifetime_seconds: lifetime of a created token. Default 900: a stolen token is worth little, and few are created
    :param claims: additional claims, but not `key`, `iat`, `exp` or `nbf`. The library does not set `nbf`, because APISIX
        would reject a token in the second of its nbf
    :param clock: seconds since 1970
    :raises ConfigurationError: lists every problem
    :raises ExpiredCredentialError: `token` has expired
    """

    def __init__(
        self,
        token: Optional[str] = None,
        *,
        key: Optional[str] = None,
        secret: Optional[str] = None,
        private_key: Optional[str] = None,
        algorithm: Optional[str] = None,
        lifetime_seconds: int = 900,
        claims: Optional[Dict[str, Any]] = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._lock = threading.Lock()
        self._token = Secret("")
        self._end = float("-inf")
        self._sign: Optional[Callable[[int], str]] = None
        self._secret = Secret(secret or "")
        self.lifetime_seconds = lifetime_seconds
        self.algorithm = algorithm or ("HS256" if private_key is None else "RS256")
        problems: List[str] = []
        signers = {"token": token, "secret": secret, "private_key": private_key}
        present = [name for name, value in signers.items() if value is not None]
        if len(present) != 1:
            problems.append(
                f"Jwt: must have exactly one of token, secret and private_key (got {', '.join(present) or 'none'}). "
                "Keep the one that the handout has."
            )
        elif token is not None:
            if any(value is not None for value in (key, algorithm, claims)):
                problems.append("token: must be the only parameter (key, algorithm or claims is given too). Remove the others.")
            self._end = _end_of(token, problems)
        else:
            self._prepare(key, secret, private_key, claims or {}, problems)
        if problems:
            raise ConfigurationError(problems)
        if token is not None:
            self._token = Secret(token)
            self._refuse_if_over(clock())

    def _prepare(
        self,
        key: Optional[str],
        secret: Optional[str],
        private_key: Optional[str],
        claims: Dict[str, Any],
        problems: List[str],
    ) -> None:
        problem = header_problem("key", key, "Take the claim from the handout.")
        if problem is not None:
            problems.append(problem)
        taken = [claim for claim in _OURS if claim in claims]
        if taken:
            problems.append(f"claims: must not have {', '.join(taken)} (this library sets them). Remove them.")
        seconds = self.lifetime_seconds
        # With a lifetime below twice the skew, each request would need a new token. `token issue` has the same maximum.
        if isinstance(seconds, bool) or not isinstance(seconds, int) or not 2 * SKEW_SECONDS <= seconds <= 86400:
            problems.append(
                f"lifetime_seconds: must be a whole number from {2 * SKEW_SECONDS} to 86400 (got {seconds!r})."
            )
        if self.algorithm not in ALGORITHMS:
            problems.append(f"algorithm: must be one of {', '.join(ALGORITHMS)} (got {self.algorithm!r}).")
        elif (self.algorithm == "HS256") != (private_key is None):
            problems.append(f"algorithm: must be HS256 with secret, and not HS256 with private_key (got {self.algorithm}). Take it from the handout.")
        elif secret is not None and (not isinstance(secret, str) or secret == ""):
            problems.append(f"secret: must be a non-empty string (got {kind(secret)}). Take it from the handout.")
        elif secret is not None and secret != secret.strip():
            problems.append(
                "secret: must not begin or end with a space or line break (it does). Trim what you read from a file."
            )
        elif secret is not None and "-----BEGIN" in secret:
            problems.append("secret: must be a shared secret (it is a key in PEM). Give it as private_key.")
        elif private_key is not None:
            problem = _pem_problem(private_key, self.algorithm)
            if problem is not None:
                problems.append(problem)
        if not problems:
            signer = Secret(secret if private_key is None else private_key)  # type: ignore[arg-type]

            def sign(now: int) -> str:
                body = {**claims, "key": key, "iat": now, "exp": now + seconds}
                with warnings.catch_warnings():
                    # Suppresses PyJWT's warning about short secrets, because the operator chooses their length.
                    warnings.simplefilter("ignore")
                    return _text(jwt.encode(body, signer.reveal(), algorithm=self.algorithm))

            self._sign = sign

    def headers(self, now: float) -> Dict[str, str]:
        with self._lock:
            left = self._end - now
            # If a token is valid for longer than its lifetime, the clock was set back after its creation.
            if self._sign is not None and not SKEW_SECONDS < left <= self.lifetime_seconds + SKEW_SECONDS:
                self._token = Secret(self._sign(int(now)))
                self._end = int(now) + self.lifetime_seconds
            self._refuse_if_over(now)
            return {"Authorization": f"Bearer {self._token.reveal()}"}

    def is_over(self, now: float) -> bool:
        return self._sign is None and now >= self._end

    def _refuse_if_over(self, now: float) -> None:
        # Within the skew, the client still sends the expired token, because the gateway's clock decides.
        if now >= self._end + SKEW_SECONDS:
            raise ExpiredCredentialError("The token has expired.")

    @property
    def secrets(self) -> List[str]:
        token = self._token.reveal()
        # The signature alone is a secret too, because header and claims can be guessed.
        return [token, token.rpartition(".")[2], self._secret.reveal()]

    def __repr__(self) -> str:
        return "Jwt(<secret>)" if self._sign is None else f"Jwt(algorithm={self.algorithm!r}, <secret>)"


def _end_of(token: str, problems: List[str]) -> float:
    """The claim exp of a token, in seconds since 1970. The signature is not verified."""
    problem = header_problem("token", token, "Give the whole token and nothing else.")
    if problem is not None:
        problems.append(problem)
        return 0
    try:
        head = jwt.get_unverified_header(token)
        claims = jwt.decode(token, options={"verify_signature": False})
    except jwt.PyJWTError:
        head = {}
        claims = {}
    if not head:
        problems.append("token: must be a JWT (it is not one). Give the whole token, without Bearer.")
        return 0
    if head.get("alg") not in ALGORITHMS:
        problems.append(f"token: must be signed with one of {', '.join(ALGORITHMS)} (it is not). Create a new token.")
    end = claims.get("exp")
    if isinstance(end, bool) or not isinstance(end, (int, float)):
        problems.append(
            "token: must have the claim exp, the time when it expires (it has none). Create a new token with exp, because the gateway rejects this one."
        )
        return 0
    return float(end)


def _pem_problem(private_key: str, algorithm: str) -> Optional[str]:
    """The reason why a private key cannot sign, found by signing. Does not contain a part of the key."""
    if not isinstance(private_key, str) or "PRIVATE KEY-----" not in private_key:
        return "private_key: must be a private key as PEM (it is not one). Give the text of the file, not its name."
    if "ENCRYPTED" in private_key:
        return "private_key: must not have a passphrase (it has one). Remove it with: openssl pkey -in key.pem -out plain.pem"
    try:
        jwt.encode({}, private_key, algorithm=algorithm)
    except NotImplementedError:
        return "private_key: needs the package cryptography (it is missing). Run: pip install 'alpa-auth-client[private-key]'"
    except Exception:  # Not shown, because an error of cryptography may quote the key.
        pass
    else:
        return None
    return f"private_key: must be a private key for {algorithm} (it cannot sign). Give the key that fits the credential."


def _text(token: Any) -> str:
    return token if isinstance(token, str) else str(token, "ascii")
