"""Client of a self-hosted Alpa / OPT-175B service behind an API gateway or Cloudflare Access."""

from .auth import ApiKey, Auth, Jwt, ServiceToken
from .client import VERSION as __version__, Client
from .errors import (
    AlpaClientError, AlpaError, AnswerTimeoutError, ConfigurationError, ConnectionFailedError, EdgeLoginError,
    ExpiredCredentialError, InvalidCredentialError, MissingCredentialError, ModelUnreachableError, NotAllowedError,
    RateLimitedError, RedirectError, RequestRefusedError, UnreadableAnswerError,
)

__all__ = [
    "AlpaClientError", "AlpaError", "AnswerTimeoutError", "ApiKey", "Auth", "Client", "ConfigurationError",
    "ConnectionFailedError", "EdgeLoginError", "ExpiredCredentialError", "InvalidCredentialError", "Jwt",
    "MissingCredentialError", "ModelUnreachableError", "NotAllowedError", "RateLimitedError", "RedirectError",
    "RequestRefusedError", "ServiceToken", "UnreadableAnswerError", "__version__",
]
