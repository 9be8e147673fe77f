"""Checks whether a body is a result of Alpa. Checks every field, because an error of the gateway may have some of the fields."""

from typing import Any, Callable, Dict


def _is_completion(found: Dict[str, Any]) -> bool:
    choices = found.get("choices")
    return isinstance(choices, list) and all(
        isinstance(choice, dict) and isinstance(choice.get("text"), str) for choice in choices
    )


def _is_logprobs(found: Dict[str, Any]) -> bool:
    return isinstance(found.get("cache_id"), str) and all(
        isinstance(found.get(field), list) for field in ("logprobs", "indices")
    )


#: Checks of a result, by the path of the request.
RESULTS: Dict[str, Callable[[Dict[str, Any]], bool]] = {"/completions": _is_completion, "/logprobs": _is_logprobs}
