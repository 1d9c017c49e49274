"""One HTTP POST to an address that somebody typed in: resolved once, held to public addresses, no redirect followed."""

from __future__ import annotations

import http.client
import ipaddress
import socket
import ssl
from typing import Final
from urllib.parse import SplitResult, urlsplit

from yinji.errors import Refused, UsageError

_SECONDS: Final = 10.0
_ANSWER_BYTES: Final = 4096
_MOST_URL: Final = 2000


class NotReached(OSError):
    """No answer came: the reason is for operators."""


def require_url(url: str, *, private: bool) -> SplitResult:
    """Passes an address that may be told of events.

    Raises:
        UsageError: Not an address, or not HTTPS where the operator did not allow private networks.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise UsageError("webhook-url") from error
    schemes = ("https", "http") if private else ("https",)
    plain = url.isascii() and url.isprintable() and " " not in url and len(url) <= _MOST_URL and port != 0
    if parts.scheme not in schemes or not parts.hostname or parts.username is not None or parts.fragment or not plain:
        raise UsageError("webhook-url")
    return parts


def post(url: str, body: bytes, headers: dict[str, str], *, private: bool) -> int:
    """Posts and returns the status.

    Raises:
        UsageError: The address is none.
        Refused: It leads into a private network.
        NotReached: No answer came in time.
    """
    parts = require_url(url, private=private)
    host = parts.hostname or ""
    port = parts.port or (443 if parts.scheme == "https" else 80)
    try:
        address = _resolved(host, port, private=private)
        connection = _Pinned(parts.scheme == "https", host, port, address)
        try:
            target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
            fixed = {"Content-Type": "application/json", "User-Agent": "Yinji", "Connection": "close"}
            connection.request("POST", target, body, fixed | headers)
            answer = connection.getresponse()
            answer.read(_ANSWER_BYTES)
            return answer.status
        finally:
            connection.close()
    except (OSError, http.client.HTTPException) as error:
        raise NotReached(f"{type(error).__name__}: {error}"[:200]) from error


def _resolved(host: str, port: int, *, private: bool) -> str:
    """Returns the one address to connect to; if any that the name has is private, none."""
    found = [str(entry[4][0]) for entry in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
    if not private and not all(is_public(address) for address in found):
        raise Refused("webhook-private", host=host)
    return found[0]


def is_public(address: str) -> bool:
    """Tells whether an address is on the public Internet, what it wraps included (IPv4 in IPv6, NAT64 …)."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        if ip.ipv4_mapped is not None or ip.sixtofour is not None or ip.teredo is not None:
            return False
        if ip in ipaddress.ip_network("64:ff9b::/96"):
            return is_public(str(ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)))
    return ip.is_global and not ip.is_multicast


class _Pinned(http.client.HTTPConnection):
    """Connects to an address that was resolved before; name and certificate are still the host's."""

    def __init__(self, secure: bool, host: str, port: int, address: str) -> None:
        super().__init__(host, port, timeout=_SECONDS)
        self._secure = secure
        self._address = address
        self.default_port = 443 if secure else 80

    def connect(self) -> None:
        raw = socket.create_connection((self._address, self.port), _SECONDS)
        if not self._secure:
            self.sock = raw
            return
        try:
            self.sock = ssl.create_default_context().wrap_socket(raw, server_hostname=self.host)
        except BaseException:
            raw.close()
            raise
