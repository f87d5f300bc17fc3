"""What proxies in front of us tell of a station: its address, and the certificate it has proved to hold (security profile 3).

TLS ends at a proxy; we never see a certificate. Headers count only when they come from an address in `networks`, and the one with
the certificate only when the installation names it: whoever could reach us past the proxy could write it himself.
"""

import re
from collections.abc import Mapping, Sequence
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Any, NamedTuple

FORWARDED = b"x-forwarded-for"
_COMMON_NAME = re.compile(r"(?:^|(?<!\\)[,+])\s*CN=((?:\\.|[^,+\\])*)", re.IGNORECASE)


class Proxies(NamedTuple):
    """`certificate_header` "": no certificate is ever believed."""

    networks: Sequence[IPv4Network | IPv6Network] = ()
    certificate_header: str = ""

    def remote(self, scope: Mapping[str, Any]) -> str:
        """The address of the station: the last one that is not a proxy's."""
        hops = [hop.strip() for value in _values(scope, FORWARDED) for hop in value.split(",")]
        address = _peer(scope)
        while hops and self._is_proxy(address):
            address = hops.pop()
        return address

    def certificate(self, scope: Mapping[str, Any]) -> str:
        """The common name of the verified client certificate; "" unless a proxy vouches for exactly one."""
        if not (self.certificate_header and self._is_proxy(_peer(scope))):
            return ""
        values = _values(scope, self.certificate_header.lower().encode())
        return common_name(values[0]) if len(values) == 1 else ""

    def _is_proxy(self, address: str) -> bool:
        try:
            found = ip_address(address)
        except ValueError:
            return False
        return any(found in network for network in self.networks)


NOBODY = Proxies()


def trusted(networks: Sequence[str], certificate_header: str = "") -> Proxies:
    """Raises ValueError for what is no network."""
    return Proxies([ip_network(network, strict=False) for network in networks], certificate_header)


def common_name(subject: str) -> str:
    """Of a subject as RFC 4514 writes it (nginx: $ssl_client_s_dn), or of a bare common name. "" where there is not exactly one."""
    if "=" not in subject:
        return subject.strip()
    names = _COMMON_NAME.findall(subject)
    return names[0].strip() if len(names) == 1 and "\\" not in names[0] else ""


def _peer(scope: Mapping[str, Any]) -> str:
    return str((scope.get("client") or ("",))[0])


def _values(scope: Mapping[str, Any], name: bytes) -> list[str]:
    return [value.decode("latin-1") for given, value in scope["headers"] if given == name]
