"""Which proxy is used, and what is said of one that cannot be."""

import re
import sys

import pytest
from suprsend import AsyncSuprsend, Suprsend, SuprsendConfigError
from suprsend._base_url import checked_url
from suprsend._proxies import is_exempt, is_loopback, proxy_for

HUB = checked_url("http://hub.example/", "url")


@pytest.mark.parametrize(
    ("variables", "url", "source"),
    [
        ({}, None, None),
        ({"http_proxy": "http://p:1"}, "http://p:1", "http_proxy"),
        ({"HTTP_PROXY": "http://p:1"}, "http://p:1", "HTTP_PROXY"),
        ({"Http_Proxy": "http://p:1"}, "http://p:1", "Http_Proxy"),
        ({"HTTP_PROXY": "http://p:1", "http_proxy": "http://q:2"}, "http://q:2", "http_proxy"),
        ({"HTTP_PROXY": "http://p:1", "http_proxy": ""}, None, None),
        ({"HTTP_PROXY": "http://p:1", "REQUEST_METHOD": "GET"}, None, None),
        ({"http_proxy": "http://p:1", "REQUEST_METHOD": "GET"}, "http://p:1", "http_proxy"),
        ({"all_proxy": "p:1"}, "http://p:1", "all_proxy"),
        ({"ALL_PROXY": "https://p"}, "https://p", "ALL_PROXY"),
        ({"https_proxy": "http://p:1"}, None, None),
        ({"http_proxy": " http://[::2]:3128/ "}, "http://[::2]:3128", "http_proxy"),
        ({"http_proxy": "http://PRÖXY.example"}, "http://xn--prxy-6qa.example", "http_proxy"),
        ({"http_proxy": "http://p:1", "NO_PROXY": "elsewhere.example"}, "http://p:1", "http_proxy"),
        ({"http_proxy": "http://p:1", "NO_PROXY": "example"}, None, None),
        ({"http_proxy": "http://p:1", "NO_PROXY": "example", "no_proxy": "x"}, "http://p:1", "http_proxy"),
    ],
)
def test_the_environment_chooses_the_proxy(
    variables: dict[str, str], url: str | None, source: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    chosen = proxy_for(HUB)
    assert (chosen and chosen.url) == url
    if chosen:
        assert chosen.source == f"the environment variable {source}"


def test_credentials_are_decoded_and_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://us%C3%A9r:pass%40word@p:1")
    chosen = proxy_for(HUB)
    assert chosen is not None
    assert chosen.auth == ("usér".encode(), b"pass@word")
    assert "word" not in f"{chosen} {chosen!r}"


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        ("socks://p:1", "its scheme is not http, https, socks5 or socks5h"),
        ("socks4://p:1", "its scheme is not http"),
        ("ftp://p:1", "its scheme is not http"),
        ("htp://p:1", "its scheme is not http"),
        ("socks5://p:1", r'pip install "httpcore2\[socks\]"'),
        ("SOCKS5H://p:1", r'pip install "httpcore2\[socks\]"'),
        ("http://p:99999", "the port is not a number"),
        ("http://p:abc", "the port is not a number"),
        ("p:", None),
        ("http://p:0", "the port is not a number"),
        ("http://user:pa/ss@p:1", "the port is not a number"),
        ("http://p..corp", "the host is missing or invalid"),
        ("http://", "the host is missing"),
        ("://p", "its scheme is not http"),
        ("http://[::1", "it is not a URL"),
        ("http://p q", "a blank or an invisible character"),
        ("http://p\u200b:1", "a blank or an invisible character"),
    ],
)
@pytest.mark.parametrize("variable", ["http_proxy", "ALL_PROXY"])
def test_a_proxy_that_cannot_be_used_is_refused_when_the_client_is_made(
    address: str, reason: str | None, variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The message names the variable, the reason and the way out, and nothing of the value."""
    monkeypatch.setitem(sys.modules, "socksio", None)  # not installed, whatever this environment holds
    monkeypatch.setenv(variable, address)
    if reason is None:
        Suprsend("k", "s", base_url="http://hub.example/").close()
        return
    for kind in (Suprsend, AsyncSuprsend):
        with pytest.raises(
            SuprsendConfigError, match=f"the environment variable {variable} cannot be used: .*{reason}"
        ) as caught:
            kind("k", "s", base_url="http://hub.example/")
        assert "add hub.example to NO_PROXY" in str(caught.value)
        assert not re.search("user|pa/?ss", str(caught.value))
    Suprsend("k", "s").close()  # a hub on this machine needs no proxy
    monkeypatch.setenv("NO_PROXY", "hub.example")
    Suprsend("k", "s", base_url="http://hub.example/").close()


@pytest.mark.parametrize(
    "host",
    ["localhost", "LOCALHOST.", "hub.localhost", "127.0.0.1", "127.255.3.4", "127.1", "::1", "0.0.0.0", "::",
     "::ffff:127.0.0.1", "0:0:0:0:0:0:0:1"],
)  # fmt: skip
def test_this_machine_is_never_reached_through_a_proxy(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://p:1")
    assert is_loopback(host)
    shown = f"[{host}]" if ":" in host else host
    assert proxy_for(checked_url(f"http://{shown}:7877/", "url")) is None


@pytest.mark.parametrize("host", ["localhost.example", "1.127.0.0", "128.0.0.1", "127.example", "::2", "10.0.0.1"])
def test_other_machines_may_be(host: str) -> None:
    assert not is_loopback(host)


@pytest.mark.parametrize(
    ("no_proxy", "host", "port", "exempt"),
    [
        ("*", "hub.example", 80, True),
        ("hub.example", "hub.example", 80, True),
        ("HUB.example.", "hub.EXAMPLE", 80, True),
        ("example", "hub.example", 80, True),
        (".example", "hub.example", 80, True),
        ("*.example", "hub.example", 80, True),
        ("ub.example", "hub.example", 80, False),
        ("a, hub.example ,b", "hub.example", 80, True),
        ("a hub.example b", "hub.example", 80, True),
        ("hub.example:80", "hub.example", 80, True),
        ("hub.example:81", "hub.example", 80, False),
        ("hub.example:x", "hub.example", 80, False),
        (".example:8080", "hub.example", 8080, True),
        ("10.0.0.1", "10.0.0.1", 80, True),
        ("10.0.0.1:80", "10.0.0.1", 80, True),
        ("10.0.0.1:81", "10.0.0.1", 80, False),
        ("10.0.0.0/8", "10.255.0.1", 80, True),
        ("10.0.0.7/8", "10.255.0.1", 80, True),
        ("10.0.0.0/8", "11.0.0.1", 80, False),
        ("10.0.0.0/8", "hub.example", 80, False),
        ("10.0.0.0/99", "10.0.0.1", 80, False),
        ("fd00::/8", "fd12::1", 80, True),
        ("[fd00::]/8", "fd12::1", 80, True),
        ("fd00::/8", "10.0.0.1", 80, False),
        ("fd12::1", "fd12::1", 80, True),
        ("[fd12::1]", "fd12:0::1", 80, True),
        ("[fd12::1]:80", "fd12::1", 80, True),
        ("[fd12::1]:81", "fd12::1", 80, False),
        ("münchen.example", "xn--mnchen-3ya.example", 80, True),
        ("..", "hub.example", 80, False),
        ("", "hub.example", 80, False),
        (",,", "hub.example", 80, False),
        ("ä..b", "hub.example", 80, False),
    ],
)
def test_no_proxy_knows_names_ports_addresses_and_networks(no_proxy: str, host: str, port: int, exempt: bool) -> None:
    assert is_exempt(no_proxy, host, port) == exempt
