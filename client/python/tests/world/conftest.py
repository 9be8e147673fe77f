import json
from typing import Any, Dict

import pytest

World = Dict[str, Any]


@pytest.fixture(scope="session")
def world(request: pytest.FixtureRequest) -> World:
    """Addresses and credentials of the emulators, which test/unit/client/callers-world.ts starts and describes."""
    with open(request.config.getoption("--world")) as file:
        found: World = json.load(file)
    return found
