"""Recorded behaviour of Alpa's own client, from the folder in ALPA_AUTH_SHARED or from `shared` next to the clone."""

import json
import os
from pathlib import Path
from typing import Any, Dict, List

_CLONE = Path(__file__).parents[3]
_FOLDER = Path(os.environ.get("ALPA_AUTH_SHARED") or _CLONE.parent / "shared") / "reference/data/recorded"


def _read(name: str) -> Dict[str, Any]:
    file = _FOLDER / name
    found: Dict[str, Any] = json.loads(file.read_text()) if file.exists() else {}
    return found


_CLIENT = _read("alpa-client.json")

#: Answers of a gateway, each with the outcome in Alpa's client.
CASES: List[Dict[str, Any]] = _CLIENT.get("cases", [])
#: Requests of Alpa's client.
SENDS: List[Dict[str, Any]] = _CLIENT.get("sends", [])
#: Alpa's client with Alpa itself.
DIRECT: List[Dict[str, Any]] = _CLIENT.get("realServer", [])
#: Answers of Alpa itself.
ALPA: List[Dict[str, Any]] = _read("alpa-http.json").get("cases", [])
