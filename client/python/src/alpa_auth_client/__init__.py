"""Client of a self-hosted Alpa / OPT-175B service behind an API gateway or Cloudflare Access."""

from .auth import ApiKey, Auth, ServiceToken
from .client import Client
from .errors import (
    AlpaClientError,
    AlpaError,
    AnswerTimeoutError,
    ConfigurationError,
    ConnectionFailedError,
    EdgeLoginError,
    ExpiredCredentialError,
    InvalidCredentialError,
    MissingCredentialError,
    ModelUnreachableError,
    NotAllowedError,
    RateLimitedError,
    RedirectError,
    RequestRefusedError,
    UnreadableAnswerError,
)
from .handout import Handout, load as load_handout
from .sender import VERSION as __version__, Clock, PlainHttpWarning, Sender
from .tokens import Jwt

__all__ = [
    "AlpaClientError",
    "AlpaError",
    "AnswerTimeoutError",
    "ApiKey",
    "Auth",
    "Client",
    "Clock",
    "ConfigurationError",
    "ConnectionFailedError",
    "EdgeLoginError",
    "ExpiredCredentialError",
    "Handout",
    "InvalidCredentialError",
    "Jwt",
    "MissingCredentialError",
    "ModelUnreachableError",
    "NotAllowedError",
    "PlainHttpWarning",
    "RateLimitedError",
    "RedirectError",
    "RequestRefusedError",
    "Sender",
    "ServiceToken",
    "UnreadableAnswerError",
    "__version__",
    "load_handout",
]
