import pytest

from touchstone.chain.rpc import connect
from touchstone.errors import RpcUnreachableError


@pytest.mark.parametrize("url", ["ftp://host/", "not an address", ""])
def test_only_http_is_spoken(url):
    with pytest.raises(RpcUnreachableError, match="not an http or https address"):
        connect(url)


def test_an_api_key_in_the_address_is_never_shown():
    with pytest.raises(RpcUnreachableError) as caught:
        connect("http://user:hidden@127.0.0.1:1/v3/hidden")

    assert "hidden" not in str(caught.value)
    assert "http://127.0.0.1:1" in str(caught.value)
