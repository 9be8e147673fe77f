"""What a result of each method looks like. Alpa's has no more and no less; a gateway's answer may have any of the fields."""

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


#: By the path that is asked.
RESULTS: Dict[str, Callable[[Dict[str, Any]], bool]] = {"/completions": _is_completion, "/logprobs": _is_logprobs}
