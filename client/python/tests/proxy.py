"""Proxies of three kinds. Each forwards every connection to the same server."""

import socket
import ssl
import threading
from typing import Any, List, Optional

from .server import listen


class Proxy:
    """:ivar heads: heads of its requests, which must not contain callers' credentials"""

    def __init__(self, port: int, context: Optional[ssl.SSLContext] = None, socks: bool = False) -> None:
        #: Answer to CONNECT, if the proxy must not open the connection.
        self.refusal: Optional[bytes] = None
        self.heads: List[bytes] = []
        self.over = threading.Event()
        self._to = port
        self._context = context
        self._socks = socks
        self._listener = listen()
        kind = "socks5h" if socks else "http" if context is None else "https"
        self.place = f"127.0.0.1:{self._listener.getsockname()[1]}"
        self.url = f"{kind}://{self.place}"
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self.over.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: Any) -> None:
        try:
            if self._context is not None:
                connection = self._context.wrap_socket(connection, server_side=True)
            with connection, socket.create_connection(("127.0.0.1", self._to)) as onward:
                if not (self._greet(connection) if self._socks else self._connect(connection)):
                    return
                threading.Thread(target=_pass, args=(onward, connection), daemon=True).start()
                _pass(connection, onward)
        except OSError:
            pass  # The client or the server has disconnected.

    def _connect(self, connection: Any) -> bool:
        head = b""
        while b"\r\n\r\n" not in head:
            head += connection.recv(65536) or b"\r\n\r\n"
        self.heads.append(head)
        connection.sendall(self.refusal or b"HTTP/1.1 200 Connected\r\n\r\n")
        return self.refusal is None

    def _greet(self, connection: Any) -> bool:
        """SOCKS5 (RFC 1928) without a password."""
        connection.recv(2 + 255)
        connection.sendall(b"\x05\x00")
        self.heads.append(connection.recv(4 + 256 + 2))
        connection.sendall(b"\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00")
        return True


def _pass(source: Any, target: Any) -> None:
    try:
        while True:
            part = source.recv(65536)
            if not part:
                break
            target.sendall(part)
    except (OSError, ValueError):
        pass
    try:
        socket.socket.shutdown(target, socket.SHUT_RDWR)
    except OSError:
        pass
