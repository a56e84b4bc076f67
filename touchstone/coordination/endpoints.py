"""Endpoints are strangers' words: what may be connected to, and what may not.

A provider publishes any text it likes. Were it followed blindly, it could send a verifier's
requests to the verifier's own network: to a cloud's metadata service, to an administration port.
"""

from __future__ import annotations

import ipaddress
import socket
from dataclasses import dataclass
from urllib.parse import urlsplit

from touchstone.errors import PeerError, PrivateAddressError

_MAX_LENGTH = 256


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A checked endpoint.

    Attributes:
        url: scheme, host, port and path, without a slash at the end.
        scheme: `http` or `https`.
        host: name or address, as it is written.
        port: where it listens.
    """

    url: str
    scheme: str
    host: str
    port: int

    def address(self, *, private: bool) -> str:
        """The address to connect to, looked up now.

        Whoever connects must take exactly this one: a second look-up may give another.

        Raises:
            PeerError: the name has no address.
            PrivateAddressError: it has one that is not public where `private` ones are not allowed.
        """
        try:
            found = socket.getaddrinfo(self.host, self.port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            raise PeerError(f"the host of {self.url} has no address ({error})") from error
        address = str(found[0][4][0])
        if not private and not ipaddress.ip_address(address.partition("%")[0]).is_global:
            raise PrivateAddressError(
                f"{self.url} leads to {address}, which is not a public address: refused outside of "
                "development chains"
            )
        return address


def parse_endpoint(text: str) -> Endpoint:
    """Checks the form of an endpoint.

    Raises:
        PeerError: it is not an http or https address of a host, a port and perhaps a path.
    """
    shown = text[:_MAX_LENGTH].encode("ascii", "replace").decode()
    if len(text) > _MAX_LENGTH or not text.isascii() or not text.isprintable() or " " in text:
        raise PeerError(f"the endpoint {shown!r} is too long or has odd characters")
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError as error:
        raise PeerError(f"the endpoint {shown!r} cannot be read: {error}") from error
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise PeerError(f"the endpoint {shown!r} is not an http or https address")
    if "@" in parts.netloc or "?" in text or "#" in text or "\\" in text:
        raise PeerError(f"the endpoint {shown!r} has more than a host, a port and a path")
    return Endpoint(
        url=text.rstrip("/"),
        scheme=parts.scheme,
        host=parts.hostname,
        port=port or (443 if parts.scheme == "https" else 80),
    )
