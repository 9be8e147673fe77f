import json
from typing import Any, Dict

import pytest
from alpa_auth_client import ApiKey, Auth, Jwt, ServiceToken

World = Dict[str, Any]


@pytest.fixture(scope="session")
def world(request: pytest.FixtureRequest) -> World:
    """Addresses and credentials of the emulators, which test/unit/client/callers-world.ts starts and describes."""
    with open(request.config.getoption("--world")) as file:
        found: World = json.load(file)
    return found


@pytest.fixture(scope="session")
def ways(world: World) -> Dict[str, Auth]:
    """A valid credential of each method at the gateway."""
    jwt = world["jwt"]
    return {
        "key": ApiKey(world["keys"]["team"]),
        "HS256": Jwt(key=jwt["claims"]["hs"], secret=jwt["secret"]),
        "RS256": Jwt(key=jwt["claims"]["rs"], private_key=jwt["privateKey"]),
    }


def service_token(world: World, name: str = "team", **change: Any) -> ServiceToken:
    pair = world["tokens"][name]
    return ServiceToken(pair["clientId"], change.pop("secret", pair["clientSecret"]), **change)
