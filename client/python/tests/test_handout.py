"""The file of `consumer handout`, here only the lines that are read. tests/world has files that the command has written."""

from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any, Dict, Optional

import pytest
from alpa_auth_client import AlpaClientError, Client, ExpiredCredentialError, Jwt
from alpa_auth_client.handout import load

from .keys import PEM

HEAD = "# Access to https://api.example.com/alpa\n\nCredential a/b. It works until it is revoked.\n\n"
ODD = "k'\"\\$`!#&;<>|*?{}()[]~%^END"
SIGN = 'Sign a token with ES256. It needs the claims `"key": "ns_a.b"`.'


def test_reads_a_key_with_every_special_character_and_the_timeout(tmp_path: Path) -> None:
    file = tmp_path / "handout.md"
    file.write_text(HEAD + f"    apikey: {ODD}\n\n## curl\n\n curl -sS --max-time 700 x\n    apikey: 'other'\n")
    found = load(str(file))
    assert (found["url"], found["auth"].headers()) == ("https://api.example.com/alpa", {"apikey": ODD})
    assert found["answer_timeout_seconds"] == 700
    assert Client.from_credentials_file(str(file), url="https://b.example").url == "https://b.example"


PAGES: "list[tuple[str, Optional[str], Dict[str, str]]]" = [
    ("    CF-Access-Client-Id: i\n    CF-Access-Client-Secret: s", None, {"CF-Access-Client-Id": "i", "CF-Access-Client-Secret": "s"}),
    (SIGN.replace("ES256", "HS256") + "\r\n\r\nThe secret that signs. Hide it.\r\n\r\n    s\r\n", None, {}),
    (SIGN, PEM["ES256"], {}),
]


@pytest.mark.parametrize("page,private_key,headers", PAGES)
def test_reads_each_credential(tmp_path: Path, page: str, private_key: Optional[str], headers: Dict[str, str]) -> None:
    file = tmp_path / "handout.md"
    file.write_bytes((HEAD + page).encode())
    auth = load(str(file), private_key)["auth"]
    assert isinstance(auth, Jwt) if not headers else auth.headers() == headers


REJECTED = [
    ("KEY=S3CRET", "must be a file that `consumer handout` has written"),
    (HEAD + "Nothing.", "must be a file that `consumer handout` has written"),
    (HEAD + SIGN, "private_key: must be given"),
    ("age-encryption.org/v1\n-> X25519 x\n", "must be decrypted"),
    (b"\xff\xfe", "must be the name of a text file"),
]


@pytest.mark.parametrize("text,says", REJECTED)
def test_rejects_a_file_without_a_usable_credential(tmp_path: Path, text: Any, says: str) -> None:
    file = tmp_path / "handout.md"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(AlpaClientError) as caught:
        load(str(file))
    assert says in str(caught.value) and "S3CRET" not in str(caught.value)


def test_a_credential_expires_at_the_start_of_its_day(tmp_path: Path) -> None:
    file = tmp_path / "handout.md"
    today = datetime.now(timezone.utc).date()
    file.write_text(HEAD.replace("it is revoked", f"{today + timedelta(2)} (UTC)") + "    apikey: k")
    load(str(file))
    file.write_text(HEAD.replace("it is revoked", f"{today} (UTC)") + "    apikey: k")
    with pytest.raises(ExpiredCredentialError, match=f"The credential a/b expired on {today}."):
        load(str(file))


def test_does_not_show_the_content_of_a_file_in_place_of_its_name() -> None:
    with pytest.raises(AlpaClientError) as caught:
        load("    apikey: S3CRET")
    assert "S3CRET" not in str(caught.value)
