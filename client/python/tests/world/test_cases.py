"""The cases of cases/world with the emulators of gateway, edge and Alpa, also for Alpa's own client with alpa-client-patch.md."""

import pytest
from alpa_auth_client import ApiKey, Client

from ..alpa import after
from ..calls import run_call
from ..cases import Case, cases
from ..conftest import Slept
from .conftest import World

CASES = [*cases("world/gateway.json"), *cases("world/edge.json")]


def for_alpas_client(case: Case) -> bool:
    """Whether Alpa's client has all arguments of a case."""
    return "times" not in case and set(case.get("client", {})) <= {"api_key", "default_model"}


@pytest.mark.parametrize("case", CASES)
def test_case(world: World, case: Case, slept: Slept) -> None:
    run_call(case, slept, world)


@pytest.mark.parametrize("case", [case for case in CASES if for_alpas_client(case.values[0])])
def test_alpas_own_client_after_the_patch(world: World, case: Case, slept: Slept) -> None:
    run_call(case, slept, world, make=after.Client)


def test_continues_from_log_probabilities(world: World) -> None:
    client = Client(world["urls"]["alpa"], auth=ApiKey(world["keys"]["team"]))
    first = client.logprobs([7, 8], top_k=3)
    second = client.logprobs([7, 8, 9], top_k=3, cache_id=first["cache_id"])
    assert [len(row) for row in second["indices"]] == [3]
