"""Requests to strangers: sent to the address that was checked, under the name that was given."""

from __future__ import annotations

from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import TYPE_CHECKING

import httpx

if TYPE_CHECKING:
    from collections.abc import Mapping

    from touchstone.coordination.endpoints import Endpoint


def no_cookies() -> CookieJar:
    """A jar that keeps nothing."""
    return CookieJar(DefaultCookiePolicy(allowed_domains=[]))


def request_to(
    client: httpx.Client | httpx.AsyncClient,
    endpoint: Endpoint,
    address: str,
    method: str,
    path: str,
    *,
    content: bytes | None = None,
    headers: Mapping[str, str] | None = None,
) -> httpx.Request:
    """A request for `path` below `endpoint`, whose answer is not to be packed.

    Args:
        client: whose settings it takes.
        endpoint: whom it is for.
        address: `endpoint.address(...)`, which is connected to without a second look-up.
        method: the HTTP method.
        path: begins with a slash.
        content: the body.
        headers: what else it says.
    """
    url = httpx.URL(endpoint.url + path)
    return client.build_request(
        method,
        url.copy_with(host=address, port=endpoint.port),
        content=content,
        headers={
            "Host": url.netloc.decode("ascii"),
            "Accept-Encoding": "identity",
            **(headers or {}),
        },
        extensions={"sni_hostname": endpoint.host},
    )
