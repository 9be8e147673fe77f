"""Requests and results without errors."""

import json

import pytest
from alpa_auth_client import ApiKey, Client, ConfigurationError, PlainHttpWarning, ServiceToken

from .conftest import COMPLETION, LOGPROBS
from .server import Server, reply


def test_completions_sends_the_fields_of_alpas_client_in_its_order_and_no_api_key(server: Server) -> None:
    server.replies = [reply(200, COMPLETION)]
    assert Client(server.url).completions("Zürich")["choices"] == [{"text": "Paris is one"}]
    (seen,) = server.received
    assert (seen.method, seen.path) == ("POST", "/alpa/completions")
    assert seen.body == (
        b'{"model": "default", "prompt": "Z\\u00fcrich", "min_tokens": 0, "max_tokens": 32, '
        b'"temperature": 1.0, "top_p": 1.0, "echo": true}'
    )
    assert seen.values("Content-Type") == ["application/json"]
    assert seen.values("Accept-Encoding") == ["identity"], "a short answer could not be told from a packed one"


def test_logprobs_omits_a_cache_id_of_none(server: Server) -> None:
    server.replies = [reply(200, LOGPROBS)]
    client = Client(server.url, default_model="m")
    assert client.logprobs([1, 2], top_k=3)["indices"] == [[7]]
    client.logprobs("a", cache_id="7", model="n")
    assert [json.loads(seen.body) for seen in server.received] == [
        {"model": "m", "prompt": [1, 2], "top_k": 3},
        {"model": "n", "prompt": "a", "top_k": 50, "cache_id": "7"},
    ]


def test_alpas_own_key_goes_into_the_body_only(server: Server) -> None:
    server.replies = [reply(200, COMPLETION)]
    Client(server.url, "k1").completions("a")
    (seen,) = server.received
    assert json.loads(seen.body)["api_key"] == "k1"
    assert all("k1" not in value for _, value in seen.headers)


def test_a_key_is_sent_in_one_header(server: Server) -> None:
    server.replies = [reply(200, COMPLETION)]
    Client(server.url, auth=ApiKey("k 1'\"\\$")).completions("a")
    assert server.received[0].values("apikey") == ["k 1'\"\\$"]
    assert server.received[0].values("Authorization") == []


def test_a_service_token_is_sent_in_two_headers_or_in_the_named_one(server: Server) -> None:
    server.replies = [reply(200, COMPLETION)]
    Client(server.url, auth=ServiceToken("id.access", 's"1')).completions("a")
    Client(server.url, auth=ServiceToken("id.access", 's"1', header="Authorization")).completions("a")
    two, one = server.received
    assert (two.values("CF-Access-Client-Id"), two.values("CF-Access-Client-Secret")) == (["id.access"], ['s"1'])
    assert json.loads(one.values("Authorization")[0]) == {
        "cf-access-client-id": "id.access",
        "cf-access-client-secret": 's"1',
    }
    assert one.values("CF-Access-Client-Id") == []


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


def test_plain_http_to_another_host_with_a_credential_is_rejected_or_causes_a_warning() -> None:
    with pytest.raises(ConfigurationError, match="url: must be https where a credential is sent"):
        Client("http://api.example.com", auth=ApiKey("k"))
    with pytest.raises(ConfigurationError, match="url: must be https"):
        Client("http://api.example.com", "k")
    with pytest.warns(PlainHttpWarning, match="http://api.example.com"):
        Client("http://api.example.com", auth=ApiKey("k"), allow_http=True)
    for url in ("http://localhost:1", "http://127.8.9.1/x", "http://[::1]:9", "https://api.example.com"):
        Client(url, auth=ApiKey("k"))
    Client("http://api.example.com")
