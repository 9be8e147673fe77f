"""The two hosts of the recordings, gateway.example.com and login.example.net, on this machine."""

import socket
from typing import Any, Dict, List

from .recordings import CASES
from .server import Server, reply

NAMES = {"gateway.example.com": "127.0.0.1", "login.example.net": "localhost"}


class Stage:
    def __init__(self) -> None:
        self.hosts: Dict[str, Server] = {name: Server() for name in NAMES}
        self.places = {name: f"{NAMES[name]}:{server.port}" for name, server in self.hosts.items()}
        #: Requests in order, in the recordings' format.
        self.seen: List[str] = []
        for name, server in self.hosts.items():
            server.replies = [lambda connection, name=name: self._answer(name, connection)]  # type: ignore[misc]

    def close(self) -> None:
        for server in self.hosts.values():
            server.close()

    def here(self, text: str) -> str:
        for name, place in self.places.items():
            text = text.replace(name, place)
        return text

    def _answer(self, name: str, connection: socket.socket) -> None:
        received = self.hosts[name].received[-1]
        self.seen.append(f"{received.method} http://{name}{received.path} ({len(received.body)} bytes)")
        case: Any = next((case for case in CASES if received.path.startswith(f"/{case['id']}/")), None)
        if received.path.startswith("/login-html"):
            connection.sendall(reply(200, "<html>log in</html>", {"Content-Type": "text/html"}))
        elif received.path.startswith("/drop/"):
            connection.close()
        elif case is not None and case["gateway"] is not None:
            gateway = case["gateway"]
            connection.sendall(self.here(reply(gateway["status"], gateway["body"], gateway["headers"]).decode()).encode())
        else:
            fields = '"cache_id": "1", "logprobs": [], "indices": [], ' if "logprobs" in received.path else ""
            connection.sendall(reply(200, "{" + fields + OK[1:]))


OK = (
    '{"id": "00000000-0000-4000-8000-000000000001", "object": "text_completion", "created": 1700000000, '
    '"choices": [{"text": "Paris is one"}]}'
)
