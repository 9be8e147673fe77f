"""An end to the time of a whole request, signs of life while it is silent, and whether anything of it can have been sent."""

import socket
import threading
from typing import Any, Dict, List

from requests.adapters import HTTPAdapter

#: Silence before the system asks whether the other side is there, in seconds, as undici does by default. What stands on the
#: way forgets a silent connection after 4 to 6 minutes (load balancers of the large clouds), and an answer takes up to 10.
KEEPALIVE_SECONDS = 60
#: Seconds between two such questions; after as many without an answer as below the connection counts as lost.
KEEPALIVE_INTERVAL_SECONDS = 15
KEEPALIVE_PROBES = 8


class Watch:
    """The connection of one request, which is shut down at the timeout: that ends a blocked read.

    :ivar connected: it stands, TLS and tunnel included: from then on something may have been sent
    :ivar expired: its time was over
    :ivar proxied: it goes by way of a proxy
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
        """Takes a connection that has just been made, before anything is said on it."""
        keep_alive(connection)
        # A handle of its own: TLS takes the given one over, and TLS within the TLS of a proxy hides it.
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
                pass  # the other side has closed it already


def keep_alive(connection: socket.socket) -> None:
    """Has the system ask over a silent connection whether the other side is there."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    # Each system has some of these names; the first two are the same thing, on Linux and on macOS.
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
    """Shows a watch every connection, those through a proxy too."""

    def __init__(self, watch: Watch) -> None:
        self._watch = watch
        super().__init__(max_retries=0)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = _watched(self.poolmanager.pool_classes_by_scheme, self._watch)

    def proxy_manager_for(self, *args: Any, **kwargs: Any) -> Any:
        self._watch.proxied = True
        manager = super().proxy_manager_for(*args, **kwargs)
        # Of the manager itself: that of a SOCKS proxy makes connections of its own kind.
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
                # Until here it was that of connecting, and would be that of sending too.
                self.timeout = watch.seconds
                self.sock.settimeout(watch.seconds)
                watch.connected = True

        return Connection

    return {scheme: type("Pool", (pool,), {"ConnectionCls": watched(pool.ConnectionCls)}) for scheme, pool in pools.items()}
