"""Reads the file that `consumer handout` writes: address, expiry date, longest answer time, and the credential."""

import re
from datetime import date, datetime, timezone
from typing import Any, Dict, List, Optional

from .auth import ApiKey, Auth, ServiceToken
from .environment import read_text
from .errors import ConfigurationError, ExpiredCredentialError
from .tokens import Jwt


class Handout:
    """The content of the file of a handout.

    :ivar who: `<consumer>/<credential>`
    :ivar url: address of the service
    :ivar expires: day (UTC) at whose start the credential expires, or None
    :ivar answer_timeout_seconds: longest time for one answer, or None if the file does not say it
    :ivar auth: the credential
    """

    def __init__(
        self, who: str, url: str, expires: Optional[date], answer_timeout_seconds: Optional[float], auth: Auth
    ) -> None:
        self.who = who
        self.url = url
        self.expires = expires
        self.answer_timeout_seconds = answer_timeout_seconds
        self.auth = auth

    def arguments(self) -> Dict[str, Any]:
        """Arguments for Client."""
        seconds = self.answer_timeout_seconds
        more = {} if seconds is None else {"answer_timeout_seconds": seconds}
        return {"url": self.url, "auth": self.auth, **more}

    def __repr__(self) -> str:
        return f"Handout({self.who!r}, {self.url!r}, auth={self.auth!r})"


def load(file: str, *, private_key: Optional[str] = None, today: Optional[date] = None) -> Handout:
    """Reads the file of a handout.

    :param private_key: in PEM form; required if the caller's own key pair signs the tokens
    :param today: in UTC; default the current day
    :raises ConfigurationError: the file is not a handout
    :raises ExpiredCredentialError: the credential has expired
    """
    where = "credentials file"
    text, problem = read_text(where, file)
    if text is None:
        raise ConfigurationError([problem or where])
    if text.startswith(("age-encryption.org/", "-----BEGIN AGE ENCRYPTED FILE-----")):
        raise ConfigurationError([f"{where}: must be decrypted (got {file}). Run: age --decrypt -i key.txt {file}"])
    who, url = _match(r"^Credential (\S+)\. It works until ", text), _match(r"^# Access to (\S+)$", text)
    end = _match(r"^Credential \S+\. It works until (\d{4}-\d{2}-\d{2}) \(UTC\)\.$", text)
    if who is None or url is None:
        raise ConfigurationError([f"{where}: must be a file that `consumer handout` has written (got {file}). Save the handout that you got from the operator in a file, unchanged, and give its path."])
    expires = None if end is None else datetime.strptime(end, "%Y-%m-%d").date()
    if expires is not None and expires <= (today or datetime.now(timezone.utc).date()):
        raise ExpiredCredentialError(
            f"The credential {who} expired on {expires}.", next_step="Ask the operator for another credential."
        )
    seconds = _match(r"^ ?curl -sS --max-time (\d+) ", text)
    auth = _credential(text, file, private_key)
    return Handout(who, url, expires, None if seconds is None else float(seconds), auth)


def _credential(text: str, file: str, private_key: Optional[str]) -> Auth:
    # Reads only above the first heading, because the examples below it repeat the credential in quotes.
    head = text.split("\n## ", 1)[0]
    key = _match(r"^ {4}apikey: (.+)$", head)
    client_id = _match(r"^ {4}CF-Access-Client-Id: (.+)$", head)
    client_secret = _match(r"^ {4}CF-Access-Client-Secret: (.+)$", head)
    algorithm = _match(r"^Sign a token with (\w+)\.", head)
    claim = _match(r'^Sign a token with .*`"key": "([^"]+)"`', head)
    secret = _match(r"^The secret that signs\. .*\n\n {4}(.+)$", head)
    problems: List[str] = []
    if algorithm is None and private_key is not None:
        problems.append(f"private_key: must not be given (the credential in {file} has no key pair). Remove private_key.")
    if problems:
        raise ConfigurationError(problems)
    if key is not None:
        return ApiKey(key)
    if client_id is not None and client_secret is not None:
        return ServiceToken(client_id, client_secret)
    if algorithm is None or claim is None:
        problem = f"credentials file: must contain a credential (got {file}, which has none). Ask the operator for another handout."
        raise ConfigurationError([problem])
    if secret is None and private_key is None:
        problem = f"private_key: must be given (the credential in {file} uses your own key pair). Give your private key in PEM form."
        raise ConfigurationError([problem])
    return Jwt(key=claim, secret=secret, private_key=private_key, algorithm=algorithm)


def _match(pattern: str, text: str) -> Optional[str]:
    found = re.search(pattern, text, re.MULTILINE)
    return None if found is None else found.group(1)
