"""Authentication methods: a key, a JWT, or a service token of the edge."""

import json
import re
from abc import ABC, abstractmethod
from typing import Dict, List, Optional

from .errors import ConfigurationError
from .secret import Secret, header_problem


class Auth(ABC):
    """A credential that is added to every request."""

    @abstractmethod
    def headers(self, now: float) -> Dict[str, str]:
        """Headers with the credential.

        :param now: seconds since 1970
        :raises ExpiredCredentialError: the token has expired and cannot be renewed
        """

    @property
    def secrets(self) -> List[str]:
        """Texts to remove from answers, which may repeat them."""
        return []

    def is_over(self, now: float) -> bool:
        """Whether the sent token had expired at this time (seconds since 1970). False if its expiry is unknown."""
        return False


class ApiKey(Auth):
    """A key, sent in the header `apikey`, which APISIX's key-auth reads.

    :raises ConfigurationError: the key cannot be sent in a header
    """

    def __init__(self, key: str) -> None:
        _check([header_problem("key", key, "Take the key from the handout.")])
        self._key = Secret(key)

    def headers(self, now: float) -> Dict[str, str]:
        return {"apikey": self._key.reveal()}

    @property
    def secrets(self) -> List[str]:
        return [self._key.reveal()]

    def __repr__(self) -> str:
        return "ApiKey(<secret>)"


# Headers that the library or HTTP itself sets. A credential in one of them would break the request.
_TAKEN = {
    *("accept", "accept-encoding", "connection", "content-length", "content-type", "host", "transfer-encoding"),
    "user-agent",
}


class ServiceToken(Auth):
    """A service token of Cloudflare Access. Its format is not checked: Cloudflare has changed it before.

    :param header: name of a single header that carries both values as JSON. Only for an Access application with the
        setting `read_service_tokens_from_header`. Default: the two usual headers
    :raises ConfigurationError: lists every part that cannot be sent in a header
    """

    def __init__(self, client_id: str, client_secret: str, *, header: Optional[str] = None) -> None:
        problems = [
            header_problem("client_id", client_id, "Take it from the handout."),
            header_problem("client_secret", client_secret, "Take it from the handout."),
        ]
        if header is not None and (
            not isinstance(header, str) or not re.fullmatch(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+", header)
        ):
            problems.append("header: must be the name of a header (it is not one). Ask the operator for the name.")
        elif header is not None and header.lower() in _TAKEN:
            problems.append(f"header: must not be a header that HTTP or the client sets (got {header}). Ask the operator for the name.")
        _check(problems)
        self.client_id = client_id
        self.header = header
        self._secret = Secret(client_secret)

    def headers(self, now: float) -> Dict[str, str]:
        pair = {"CF-Access-Client-Id": self.client_id, "CF-Access-Client-Secret": self._secret.reveal()}
        if self.header is None:
            return pair
        return {self.header: json.dumps({name.lower(): value for name, value in pair.items()})}

    @property
    def secrets(self) -> List[str]:
        return [self._secret.reveal()]

    def __repr__(self) -> str:
        more = "" if self.header is None else f", header={self.header!r}"
        return f"ServiceToken({self.client_id!r}, <secret>{more})"


def _check(problems: List[Optional[str]]) -> None:
    found = [problem for problem in problems if problem is not None]
    if found:
        raise ConfigurationError(found)
