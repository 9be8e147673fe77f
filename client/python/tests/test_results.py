"""Details of requests that depend on this client's HTTP library. cases/requests.json has the other cases."""

import pytest
from alpa_auth_client import ApiKey, Client, ServiceToken

from .conftest import COMPLETION
from .server import Server, reply


def test_a_body_is_ascii_like_that_of_alpas_client(server: Server) -> None:
    server.replies = [reply(200, COMPLETION)]
    Client(server.url).completions("Z\u00fcrich")
    assert server.received[0].body.startswith(b'{"model": "default", "prompt": "Z\\u00fcrich", ')


def test_a_password_of_netrc_does_not_replace_a_token(
    server: Server, tmp_path: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = f"{tmp_path}/netrc"
    with open(netrc, "w") as file:
        file.write("machine 127.0.0.1 login u password p\n")
    monkeypatch.setenv("NETRC", netrc)
    server.replies = [reply(200, COMPLETION)]
    Client(server.url).completions("a")
    Client(server.url, auth=ServiceToken("i", "s", header="Authorization")).completions("a")
    assert [seen.values("Authorization")[:1] for seen in server.received] == [
        [],
        ['{"cf-access-client-id": "i", "cf-access-client-secret": "s"}'],
    ]


def test_a_proxy_of_the_environment_never_reads_plain_http(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    proxy = Server()
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{proxy.port}")
    server.replies = [reply(200, COMPLETION)]
    Client(server.url, auth=ApiKey("k")).completions("a")
    proxy.close()
    assert (len(server.received), proxy.received) == (1, [])


def test_no_cookie_of_the_edge_is_kept(server: Server) -> None:
    server.replies = [reply(200, COMPLETION, {"Set-Cookie": "CF_Authorization=x; Path=/"})]
    client = Client(server.url)
    client.completions("a")
    client.completions("a")
    assert server.received[1].values("Cookie") == []
