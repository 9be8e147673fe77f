"""An end to the time of a whole request, and whether anything of it can have been sent."""

import socket
import threading
from typing import Any, List

import urllib3
from requests.adapters import HTTPAdapter


class Watch:
    """The sockets of one request, which are shut when its time is over: that wakes whoever reads from them."""

    def __init__(self, seconds: float) -> None:
        self.connected = False
        self.expired = False
        self._done = False
        self._lock = threading.Lock()
        self._sockets: List[socket.socket] = []
        self._timer = threading.Timer(seconds, self._expire)
        self._timer.daemon = True
        self._timer.start()

    def add(self, connection: socket.socket) -> None:
        with self._lock:
            self.connected = True
            self._sockets.append(connection)
            if self.expired:
                self._shut()

    def finish(self) -> None:
        with self._lock:
            self._done = True
        self._timer.cancel()

    def _expire(self) -> None:
        with self._lock:
            if not self._done:
                self.expired = True
                self._shut()

    def _shut(self) -> None:
        for connection in self._sockets:
            try:
                # Not SSLSocket's own, which takes the TLS object away from the thread that reads.
                socket.socket.shutdown(connection, socket.SHUT_RDWR)
            except OSError:
                pass  # closed already


class Adapter(HTTPAdapter):
    """Tells the watch of each connection once it stands, TLS and tunnel included: from then on something may be sent."""

    def __init__(self, watch: Watch) -> None:
        class Plain(urllib3.connection.HTTPConnection):
            def connect(self) -> None:
                super().connect()
                watch.add(self.sock)

        class Secure(urllib3.connection.HTTPSConnection):
            def connect(self) -> None:
                super().connect()
                watch.add(self.sock)

        class PlainPool(urllib3.HTTPConnectionPool):
            ConnectionCls = Plain

        class SecurePool(urllib3.HTTPSConnectionPool):
            ConnectionCls = Secure

        self._pools = {"http": PlainPool, "https": SecurePool}
        super().__init__(max_retries=0)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = self._pools

    def proxy_manager_for(self, *args: Any, **kwargs: Any) -> Any:
        manager = super().proxy_manager_for(*args, **kwargs)
        manager.pool_classes_by_scheme = self._pools
        return manager
