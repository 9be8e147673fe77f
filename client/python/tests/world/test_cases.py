"""The cases of cases/world with the emulators of gateway, edge and Alpa, also for Alpa's own client with alpa-client-patch.md."""

import time
from functools import partial
from pathlib import Path

import pytest
from alpa_auth_client import ApiKey, Client, load_handout

from ..alpa import after
from ..calls import Bench, run_call
from ..cases import Case, cases, run
from ..conftest import Slept
from .conftest import World


def for_alpas_client(case: Case) -> bool:
    """Whether Alpa's client has all arguments of a case."""
    return not {"handout", "env", "times", "waits"} & set(case) and set(case.get("client", {})) <= {"api_key", "default_model"}



@pytest.mark.parametrize("case", cases("world"))
def test_case(world: World, case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    slept = Slept(time.time())
    run(case, {"call": partial(run_call, bench=Bench(tmp_path, monkeypatch), slept=slept, names=world)})


@pytest.mark.parametrize("case", [case for case in cases("world") if for_alpas_client(case.values[0])])
def test_alpas_own_client_after_the_patch(
    world: World, case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench, slept = Bench(tmp_path, monkeypatch), Slept(time.time())
    run(case, {"call": partial(run_call, bench=bench, slept=slept, names=world, make=after.Client)})


def test_continues_from_log_probabilities(world: World) -> None:
    client = Client(world["urls"]["alpa"], auth=ApiKey(world["keys"]["team"]))
    first = client.logprobs([7, 8], top_k=3)
    second = client.logprobs([7, 8, 9], top_k=3, cache_id=first["cache_id"])
    assert [len(row) for row in second["indices"]] == [3]


def test_a_handout_has_the_timeout_of_an_answer_and_its_expiry(world: World) -> None:
    handout = load_handout(world["handouts"]["key"])
    assert (handout.who, handout.answer_timeout_seconds, str(handout.expires)) == ("team/key", 610, "2099-01-31")
