"""Limits the time of a request, keeps an idle connection alive, and records whether a part of the request may have been sent."""

import socket
import threading
from typing import Any, Dict, List

from requests.adapters import HTTPAdapter

#: Idle time before the first keepalive probe, in seconds. undici has the same default. Load balancers of large clouds drop idle
#: connections after 4 to 6 minutes, but an answer takes up to 10 minutes.
KEEPALIVE_SECONDS = 60
#: Seconds between two probes. After KEEPALIVE_PROBES probes without an answer, the connection is lost.
KEEPALIVE_INTERVAL_SECONDS = 15
KEEPALIVE_PROBES = 8


class Watch:
    """The connection of one request. It is shut down at the timeout, to end a blocked read.

    :ivar connected: whether the connection was open (with TLS and a proxy's tunnel), so that the request may have begun
    :ivar expired: the time limit was reached
    :ivar proxied: the connection goes through a proxy
    """

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.connected = False
        self.expired = False
        self.proxied = False
        self._done = False
        self._lock = threading.Lock()
        self._sockets: List[socket.socket] = []
        self._timer = threading.Timer(seconds, self._expire)
        self._timer.daemon = True
        self._timer.start()

    def add(self, connection: socket.socket) -> None:
        """Registers a new connection, before anything is sent over it."""
        keep_alive(connection)
        # Duplicates the socket, because TLS takes over the original, and TLS in a proxy's TLS hides it.
        handle = socket.fromfd(connection.fileno(), connection.family, connection.type, connection.proto)
        with self._lock:
            self._sockets.append(handle)
            if self.expired:
                self._shut()

    def finish(self) -> None:
        self._timer.cancel()
        with self._lock:
            self._done = True
            while self._sockets:
                self._sockets.pop().close()

    def _expire(self) -> None:
        with self._lock:
            if not self._done:
                self.expired = True
                self._shut()

    def _shut(self) -> None:
        for handle in self._sockets:
            try:
                handle.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass  # The server has already closed the connection.


def keep_alive(connection: socket.socket) -> None:
    """Enables TCP keepalive."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    # Each system has some of these names. The first two are the same setting, on Linux and on macOS.
    for name, value in (
        ("TCP_KEEPIDLE", KEEPALIVE_SECONDS),
        ("TCP_KEEPALIVE", KEEPALIVE_SECONDS),
        ("TCP_KEEPINTVL", KEEPALIVE_INTERVAL_SECONDS),
        ("TCP_KEEPCNT", KEEPALIVE_PROBES),
    ):
        option = getattr(socket, name, None)
        if option is not None:
            connection.setsockopt(socket.IPPROTO_TCP, option, value)


class Adapter(HTTPAdapter):
    """Registers every connection with a watch, including connections through a proxy."""

    def __init__(self, watch: Watch) -> None:
        self._watch = watch
        super().__init__(max_retries=0)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = _watched(self.poolmanager.pool_classes_by_scheme, self._watch)

    def proxy_manager_for(self, *args: Any, **kwargs: Any) -> Any:
        self._watch.proxied = True
        manager = super().proxy_manager_for(*args, **kwargs)
        # Uses the manager's own classes, because the manager of a SOCKS proxy has different connection classes.
        manager.pool_classes_by_scheme = _watched(manager.pool_classes_by_scheme, self._watch)
        return manager


def _watched(pools: Dict[str, Any], watch: Watch) -> Dict[str, Any]:
    def watched(kind: Any) -> Any:
        class Connection(kind):  # type: ignore[misc]
            def _new_conn(self) -> Any:
                connection = super()._new_conn()
                watch.add(connection)
                return connection

            def connect(self) -> None:
                super().connect()
                # The socket still has the timeout for connecting, which would also limit sending.
                self.timeout = watch.seconds
                self.sock.settimeout(watch.seconds)
                watch.connected = True

        return Connection

    return {scheme: type("Pool", (pool,), {"ConnectionCls": watched(pool.ConnectionCls)}) for scheme, pool in pools.items()}
