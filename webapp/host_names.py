"""Names and addresses of hosts in the one form in which they are compared: lower case, no final dot, IPv6 short and in brackets."""

from __future__ import annotations

import re
from ipaddress import IPv6Address, ip_address

from webapp.errors import HostNameError

AUTHORITY = re.compile(r"(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::[0-9]{1,5})?", re.ASCII | re.IGNORECASE)
"""What a `Host` field may hold: a name or an address, perhaps with a port. (Werkzeug's own check knows no IPv6 address.)"""


def compared(authority: str) -> str | None:
    """`LOCALHOST.:8000` → `localhost`, `[0:0::1]` → `[::1]`; None for what is no host."""
    found = AUTHORITY.fullmatch(authority)
    if not found:
        return None
    name = found[1].lower()
    if not name.startswith("["):
        return name.removesuffix(".") or None
    try:
        return in_address(str(IPv6Address(name[1:-1])))
    except ValueError:
        return None


def required(name: str) -> str:
    """As `compared`, of a name that the user allows; HostNameError where it is none, because nothing would ever be allowed."""
    found = compared(in_address(name) if _is_ipv6(name) else name)
    if found is None:
        raise HostNameError(name)
    return found


def _is_ipv6(host: str) -> bool:
    try:
        return bool(IPv6Address(host))
    except ValueError:
        return False


def listened_at(host: str) -> str:
    """What a person gives as the host to listen at, as the system takes it: `[::1]` → `::1`, `localhost.` → `localhost`."""
    return host[1:-1] if host.startswith("[") and host.endswith("]") else host.removesuffix(".")


def in_address(host: str) -> str:
    """A host as it stands in an address: an IPv6 address gets its brackets."""
    return f"[{host}]" if ":" in host else host


def is_every_address(host: str) -> bool:
    """Whether to listen at `host` is to listen at all addresses of this machine."""
    try:
        return ip_address(host).is_unspecified
    except ValueError:
        return False
