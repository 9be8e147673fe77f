"""The recorded behaviour of Alpa's own client, with Alpa's emulator and without a gateway."""

from typing import Any, Dict

import pytest
from alpa_auth_client import AlpaError, Client

from ..recordings import DIRECT
from .conftest import World

if DIRECT:

    @pytest.mark.parametrize("case", DIRECT, ids=[case["id"] for case in DIRECT])
    def test_behaves_like_alpas_client(world: World, case: Dict[str, Any]) -> None:
        call = getattr(Client(world["direct"]), case["call"])
        outcome = case["outcome"]
        if "returned" in outcome:
            found = call(*case["args"], **case["kwargs"])
            assert found["choices"] == outcome["returned"]["choices"]
            assert list(found) == list(outcome["returned"])
        else:
            with pytest.raises(AlpaError) as caught:
                call(*case["args"], **case["kwargs"])
            # The text of the error that Alpa's client raises is the traceback, and then Python's message.
            assert outcome["raised"]["text"] == f'<stacktrace>RuntimeError("{caught.value.message}")'
            assert caught.value.stacktrace
