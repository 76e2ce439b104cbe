"""Which Host and which Origin a request may carry: no other site may ask in the name of a person.

A page of another site can send forms to this service (cross-site request forgery), and under a name of its
own that it points at this computer it could read the answers (DNS rebinding). Browsers say where a request
comes from; programs such as curl say nothing and are no browser that somebody else steers.
"""

import ipaddress
import re
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit

__all__ = ["LOOPBACK_NAMES", "AllowedHosts", "is_loopback", "is_own_site"]

LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})
"""Always let in: no site can make one of these its own."""

_HOST = re.compile(r"(?:\[(?P<six>[0-9a-f:.]+)\]|(?P<name>[^\[\]:/@?#\s]+))(?::(?P<port>\d{1,5}))?", re.I)
_PORTS = {"http": 80, "https": 443}
_OWN_SITES = frozenset({"same-origin", "none"})  # "none": typed in, or a bookmark
_FRAMES = frozenset({"embed", "frame", "iframe", "object"})


def is_loopback(address: str) -> bool:
    """Whether an address to listen on can be reached from this computer alone."""
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return address.lower() == "localhost"


@dataclass(frozen=True, slots=True, kw_only=True)
class AllowedHosts:
    """The names that the service goes by.

    Attributes
    ----------
    bound : address that it listens on. Where that means every address of this computer, any IP address is
        let in: a foreign site can point only a name at this computer.
    further : names that it is known by besides, of a proxy for one, in lower case.
    """

    bound: str
    further: frozenset[str] = frozenset()

    @classmethod
    def of(cls, bound: str, further: Iterable[str]) -> "AllowedHosts":
        """As a person wrote them."""
        return cls(bound=bound.lower(), further=frozenset(name.lower() for name in further))

    def lets_in(self, host: str) -> bool:
        """Whether a request may carry this Host header, with or without a port."""
        name, _ = _split(host)
        if name is None:
            return False
        return name in LOOPBACK_NAMES | self.further | {self.bound} or (
            self._is_every_address() and _is_address(name)
        )

    def is_own_origin(self, origin: str, host: str) -> bool:
        """Whether an Origin header is a page of this service, asked for under this Host or by a proxy."""
        try:
            site = urlsplit(origin)
            if site.scheme not in _PORTS or site.hostname is None:
                return False
            from_port = site.port or _PORTS[site.scheme]
        except ValueError:
            return False
        name, port = _split(host)
        return site.hostname in self.further or (site.hostname, from_port) == (
            name,
            port or _PORTS[site.scheme],
        )

    def _is_every_address(self) -> bool:
        return _is_address(self.bound) and ipaddress.ip_address(self.bound).is_unspecified


def is_own_site(site: str, mode: str, destination: str, *, changes: bool) -> bool:
    """Whether the Sec-Fetch headers of a browser allow a request.

    Empty ones are of no browser, or of an old one. A link from elsewhere may be followed to a page; nothing
    of it may be shown inside another site's page.
    """
    if not site or site in _OWN_SITES:
        return True
    return not changes and mode == "navigate" and destination not in _FRAMES


def _split(host: str) -> tuple[str | None, int | None]:
    """Name and port of a Host header; no name where it is none."""
    found = _HOST.fullmatch(host)
    if found is None:
        return None, None
    name = (found["six"] or found["name"]).lower().removesuffix(".")
    return name, int(found["port"]) if found["port"] else None


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
