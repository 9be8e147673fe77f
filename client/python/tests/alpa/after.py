"""before.py with the change set of alpa-client-patch.md."""

from typing import Any, Dict, Optional

import alpa_auth_client
import requests

headers = {"User-Agent": "Alpa Client"}


class Client:
    def __init__(
        self,
        url: Optional[str] = None,
        api_key: Optional[str] = None,
        default_model: str = "default",
        auth: Optional[alpa_auth_client.Auth] = None,
    ) -> None:
        base = "https://api.alpa.ai" if url is None else url
        self.api_key = api_key
        self.default_model = default_model
        self.service = alpa_auth_client.Client(base, api_key, auth=auth)
        self.places = {name: base + "/" + name for name in ("completions", "logprobs")}

    def completions(
        self,
        prompt: Any,
        min_tokens: int = 0,
        max_tokens: int = 32,
        top_p: float = 1.0,
        temperature: float = 1.0,
        echo: bool = True,
        model: Optional[str] = None,
    ) -> Dict[str, Any]:
        fields = {"min_tokens": min_tokens, "max_tokens": max_tokens, "temperature": temperature, "top_p": top_p}
        body = {"model": model or self.default_model, "prompt": prompt, **fields, "echo": echo, "api_key": self.api_key}
        return self.service.post("/completions", body)

    def logprobs(
        self, prompt: Any, top_k: int = 50, cache_id: Optional[str] = None, model: Optional[str] = None
    ) -> Dict[str, Any]:
        body = {"model": model or self.default_model, "prompt": prompt, "top_k": top_k, "api_key": self.api_key}
        body.update({"cache_id": cache_id} if cache_id else {})
        return self.service.post("/logprobs", body)

    def result_or_error(self, answer: requests.Response) -> Dict[str, Any]:
        found: Dict[str, Any] = answer.json()
        if found.get("type") == "error":
            raise RuntimeError(found["stacktrace"] + f'RuntimeError("{found["message"]}")')
        return found
