from __future__ import annotations

import pytest

from touchstone.coordination.endpoints import parse_endpoint
from touchstone.errors import PeerError


def test_ordinary_endpoints_are_taken_as_they_are() -> None:
    found = parse_endpoint("https://node.example.org:9000/touchstone/")
    assert (found.url, found.host, found.port) == (
        "https://node.example.org:9000/touchstone",
        "node.example.org",
        9000,
    )
    assert parse_endpoint("http://[::1]").port == 80


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ftp://node.example.org",
        "node.example.org",
        "http://",
        "http://user@node.example.org",
        "http://node.example.org/?",
        "http://node.example.org/#",
        "http://node.example.org:99999",
        "http://node.example.org\\@10.0.0.1",
        "http://x\x00y",
        "http://a b",
        "http://bücher.example",
        "http://[::1",
        "http://" + "a" * 300,
    ],
)
def test_odd_endpoints_are_refused_with_a_reason(text: str) -> None:
    with pytest.raises(PeerError, match="endpoint"):
        parse_endpoint(text)


@pytest.mark.parametrize(
    "text",
    [
        "http://127.0.0.1:6379",
        "http://169.254.169.254/latest",
        "http://10.1.2.3",
        "http://192.168.0.1",
        "http://[::1]:80",
        "http://[fe80::1]",
        "http://localhost",
        "http://0.0.0.0",
        "http://2130706433",
        "http://0x7f.1",
    ],
)
def test_addresses_of_ones_own_network_are_refused_unless_allowed(text: str) -> None:
    endpoint = parse_endpoint(text)
    with pytest.raises(PeerError, match=r"not a public address|no address"):
        endpoint.address(private=False)


def test_addresses_of_ones_own_network_serve_a_development_chain() -> None:
    assert parse_endpoint("http://127.0.0.1:9").address(private=True) == "127.0.0.1"


@pytest.mark.parametrize("text", ["http://a..b", "http://" + "a" * 64 + ".example"])
def test_names_that_cannot_be_looked_up_are_refused(text: str) -> None:
    with pytest.raises(PeerError, match="no address"):
        parse_endpoint(text).address(private=True)
