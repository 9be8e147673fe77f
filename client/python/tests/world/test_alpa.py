"""At the Alpa emulator without a gateway: what Alpa's own client was recorded to do there."""

from typing import Any, Dict

import pytest
from alpa_auth_client import AlpaError, Client

from ..recordings import DIRECT
from .conftest import World

if DIRECT:

    @pytest.mark.parametrize("case", DIRECT, ids=[case["id"] for case in DIRECT])
    def test_does_what_alpas_client_does(world: World, case: Dict[str, Any]) -> None:
        call = getattr(Client(world["direct"]), case["call"])
        outcome = case["outcome"]
        if "returned" in outcome:
            found = call(*case["args"], **case["kwargs"])
            assert found["choices"] == outcome["returned"]["choices"]
            assert list(found) == list(outcome["returned"])
        else:
            with pytest.raises(AlpaError) as caught:
                call(*case["args"], **case["kwargs"])
            # There all is one text: the traceback, then the message in the words of Python.
            assert outcome["raised"]["text"] == f'<stacktrace>RuntimeError("{caught.value.message}")'
            assert caught.value.stacktrace
