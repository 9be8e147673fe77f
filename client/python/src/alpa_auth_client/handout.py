"""Reads the file that `consumer handout` writes: address, expiry date, longest answer time, and the credential."""

import re
from datetime import datetime, timezone
from typing import Any, Dict, Optional

from .auth import ApiKey, Auth, Jwt, ServiceToken
from .errors import ConfigurationError, ExpiredCredentialError


def load(file: str, private_key: Optional[str] = None) -> Dict[str, Any]:
    """Arguments for Client.

    :param private_key: in PEM form; required if the caller's own key pair signs the tokens
    :raises ConfigurationError: the file is not a handout
    :raises ExpiredCredentialError: the credential has expired
    """
    try:
        with open(file, encoding="utf-8") as handle:
            text = handle.read()
    except (OSError, ValueError) as error:
        # Does not show the name, which is the credential if another user passes the content of the file.
        problem = f"credentials file: must be the name of a text file that can be read (it gives {type(error).__name__}). Correct it."
        raise ConfigurationError([problem]) from None
    if text.startswith(("age-encryption.org/", "-----BEGIN AGE ENCRYPTED FILE-----")):
        raise ConfigurationError([f"credentials file: must be decrypted (got {file}). Run: age --decrypt -i key.txt {file}"])
    who, url = _match(r"^Credential (\S+)\. It works until ", text), _match(r"^# Access to (\S+)$", text)
    # Reads the credential above the first heading, because the examples below it repeat it in quotes.
    auth = _credential(text.split("\n## ", 1)[0], private_key)
    if who is None or url is None or auth is None:
        raise ConfigurationError([f"credentials file: must be a file that `consumer handout` has written (got {file}). Save the handout that you got from the operator in a file, unchanged."])
    expires = _match(r"^Credential \S+\. It works until (\d{4}-\d{2}-\d{2}) \(UTC\)\.$", text)
    # The credential expires at the start of that day.
    if expires is not None and expires <= datetime.now(timezone.utc).date().isoformat():
        step = "Ask the operator for another credential."
        raise ExpiredCredentialError(f"The credential {who} expired on {expires}.", next_step=step)
    seconds = _match(r"^ ?curl -sS --max-time (\d+) ", text)
    return {"url": url, "auth": auth, **({} if seconds is None else {"answer_timeout_seconds": float(seconds)})}


def _credential(text: str, private_key: Optional[str]) -> Optional[Auth]:
    key = _match(r"^ {4}apikey: (.+)$", text)
    client_id = _match(r"^ {4}CF-Access-Client-Id: (.+)$", text)
    client_secret = _match(r"^ {4}CF-Access-Client-Secret: (.+)$", text)
    algorithm = _match(r"^Sign a token with (\w+)\.", text)
    claim = _match(r'^Sign a token with .*`"key": "([^"]+)"`', text)
    secret = _match(r"^The secret that signs\. .*\n\n {4}(.+)$", text)
    if key is not None:
        return ApiKey(key)
    if client_id is not None and client_secret is not None:
        return ServiceToken(client_id, client_secret)
    if algorithm is None or claim is None:
        return None
    if secret is None and private_key is None:
        raise ConfigurationError(["private_key: must be given (the credential uses your own key pair). Give your private key in PEM form."])
    return Jwt(key=claim, secret=secret, private_key=private_key, algorithm=algorithm)


def _match(pattern: str, text: str) -> Optional[str]:
    found = re.search(pattern, text, re.MULTILINE)
    return None if found is None else found.group(1)
