"""Keys that sign tokens, made for the tests."""

from typing import Any, Dict

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

_RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048)
_EC = ec.generate_private_key(ec.SECP256R1())


def _pem(key: Any, encryption: Any = serialization.NoEncryption()) -> str:
    text: bytes = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption)
    return text.decode()


_PUBLIC = (serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)

#: Keys by their name in the cases.
PEM: Dict[str, str] = {
    "RS256": _pem(_RSA),
    "ES256": _pem(_EC),
    "EdDSA": _pem(ed25519.Ed25519PrivateKey.generate()),
    "RS256 public": _RSA.public_key().public_bytes(*_PUBLIC).decode(),
    "ES256 encrypted": _pem(_EC, serialization.BestAvailableEncryption(b"p")),
}
