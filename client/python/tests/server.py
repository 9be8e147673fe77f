"""A server that answers as a test says, byte by byte, and records its requests."""

import json
import socket
import ssl
import struct
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


def reply(status: int, body: Union[str, bytes] = b"", headers: Optional[Dict[str, str]] = None) -> bytes:
    """A complete answer."""
    data = body.encode() if isinstance(body, str) else body
    lines = {"Content-Length": str(len(data)), "Connection": "close", **(headers or {})}
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return f"HTTP/1.1 {status} Said\r\n{head}\r\n".encode("latin-1") + data


#: An answer that never ends.
DRIP = {"raw": "HTTP/1.1 200 OK\r\n\r\n{", "then": "drip"}


def answering(answer: Any, server: "Server") -> Reply:
    """The reply for an answer of a case: a complete answer, as a text or an object, or bytes in Latin-1 (`raw`). After the
    bytes (`then`) follows the `end`, a `reset`, a `wait` for the client, or a `drip` of one byte every 20 ms."""
    if isinstance(answer, str):
        head, _, body = answer.partition("\n\n")
        status, *lines = head.split("\n")
        answer = {"status": int(status), "headers": dict(line.split(": ", 1) for line in lines), "body": body}
    body = answer.get("body", "")
    text = body if isinstance(body, str) else json.dumps(body)
    raw = answer.get("raw")
    data = reply(answer.get("status", 200), text, answer.get("headers")) if raw is None else raw.encode("latin-1")
    then = answer.get("then", "end")

    def answer_with(connection: socket.socket) -> None:
        connection.sendall(data)
        if then == "reset":
            reset(connection)
        while then == "drip" and not server.over.wait(0.02):
            connection.sendall(b" ")
        while then == "wait" and connection.recv(65536):
            pass

    return answer_with


def reset(connection: socket.socket) -> None:
    """Resets a connection, so that the reader gets an error instead of the end of the stream."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def listen() -> socket.socket:
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(16)
    return listener


class Server:
    """Answers each connection with the next reply, and repeats the last one."""

    def __init__(self, context: Optional[ssl.SSLContext] = None) -> None:
        self.replies: List[Reply] = []
        self.received: List[Received] = []
        #: Set when the server ends, for replies that wait.
        self.over = threading.Event()
        self._context = context
        self._listener = listen()
        self.port: int = self._listener.getsockname()[1]
        self.url = f"{'http' if context is None else 'https'}://127.0.0.1:{self.port}/alpa"
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def close(self) -> None:
        self.over.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join(10)
            assert not thread.is_alive()

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
            if self._context is not None:
                connection = self._context.wrap_socket(connection, server_side=True)
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
            pass  # The client has disconnected or rejected the certificate.


class Raw(Server):
    """A server that sends its first reply when the first bytes arrive. It records no requests."""

    def _serve(self, connection: socket.socket) -> None:
        try:
            with connection:
                connection.recv(1)
                answer = self.replies[0]
                assert callable(answer)
                answer(connection)
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
