"""A server that answers as a test says, byte by byte, and records its requests."""

import json
import socket
import threading
from typing import Any, Callable, Dict, List, NamedTuple, Optional, Tuple, Union

#: Bytes to send before the connection is closed, or a function that handles the connection.
Reply = Union[bytes, Callable[[socket.socket], None]]


class Received(NamedTuple):
    method: str
    path: str
    headers: List[Tuple[str, str]]
    body: bytes

    def values(self, name: str) -> List[str]:
        return [value for given, value in self.headers if given.lower() == name.lower()]


def reply(status: int, body: str = "", headers: Optional[Dict[str, str]] = None) -> bytes:
    """A complete answer."""
    lines = {"Content-Length": str(len(body.encode())), "Connection": "close", **(headers or {})}
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return f"HTTP/1.1 {status} Said\r\n{head}\r\n{body}".encode()


def answering(answer: Any) -> Reply:
    """The reply for an answer of a case: a complete answer, as a text or an object, or bytes (`raw`)."""
    if isinstance(answer, str):
        head, _, body = answer.partition("\n\n")
        status, *lines = head.split("\n")
        return reply(int(status), body, dict(line.split(": ", 1) for line in lines))
    raw = answer.get("raw")
    if raw is None:
        return reply(answer.get("status", 200), json.dumps(answer["body"]))
    if answer.get("then") != "wait":
        return bytes(raw, "ascii")

    def silent(connection: socket.socket) -> None:
        connection.sendall(raw.encode())
        while connection.recv(65536):
            pass

    return silent


class Server:
    """Answers each connection with the next reply, and repeats the last one."""

    def __init__(self) -> None:
        self.replies: List[Reply] = []
        self.received: List[Received] = []
        self._listener = socket.socket()
        self._listener.bind(("127.0.0.1", 0))
        self._listener.listen(16)
        self.port: int = self._listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}/alpa"
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join(10)

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            thread = threading.Thread(target=self._serve, args=(connection,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, connection: socket.socket) -> None:
        try:
            with connection:
                received = _read(connection)
                if received is None:
                    return
                self.received.append(received)
                answer = self.replies[min(len(self.received), len(self.replies)) - 1]
                if callable(answer):
                    answer(connection)
                else:
                    connection.sendall(answer)
        except OSError:
            pass  # The client has disconnected.


def _read(connection: socket.socket) -> Optional[Received]:
    data = b""
    while b"\r\n\r\n" not in data:
        more = connection.recv(65536)
        if not more:
            return None
        data += more
    head, body = data.split(b"\r\n\r\n", 1)
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = [(name, value.strip()) for name, value in (line.split(":", 1) for line in lines)]
    length = int(next((value for name, value in headers if name.lower() == "content-length"), "0"))
    while len(body) < length:
        body += connection.recv(65536)
    method, path, _ = first.split(" ")
    return Received(method, path, headers, body)
