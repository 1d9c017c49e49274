"""SM2 signature verification (GB/T 32918.2) and the encodings of SM2 keys and signatures.

Verification handles public values only, so plain integers are enough, and it works with the core install. Signing needs
a constant-time implementation and lives in :mod:`yinji.labels.keys`, on an optional dependency.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Final, NamedTuple

from yinji.errors import Malformed
from yinji.labels import der
from yinji.labels.sm3 import sm3

P: Final = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF00000000FFFFFFFFFFFFFFFF
A: Final = P - 3
B: Final = 0x28E9FA9E9D9F5E344D5A9E4BCF6509A7F39789F515AB8F92DDBCBD414D940E93
N: Final = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFF7203DF6B21C6052B53BBF40939D54123
SIZE: Final = 32

SM2_CURVE: Final = "1.2.156.10197.1.301"
EC_PUBLIC_KEY: Final = "1.2.840.10045.2.1"
DEFAULT_USER_ID: Final = b"1234567812345678"
"""The user id of GM/T 0009 when the parties agreed on none (checklist R75)."""

ALGORITHM_PARAMETERS: Final = der.oid(EC_PUBLIC_KEY) + der.oid(SM2_CURVE)
"""Content of the AlgorithmIdentifier of an SM2 key."""


class Point(NamedTuple):
    """A point of the curve, in affine coordinates."""

    x: int
    y: int

    def raw(self) -> bytes:
        """Returns x||y, 64 bytes."""
        return self.x.to_bytes(SIZE, "big") + self.y.to_bytes(SIZE, "big")

    def spki(self) -> bytes:
        """Returns the DER SubjectPublicKeyInfo, 91 bytes."""
        algorithm = der.write(der.SEQUENCE, ALGORITHM_PARAMETERS)
        return der.write(der.SEQUENCE, algorithm, der.write(der.BIT_STRING, b"\x00\x04", self.raw()))


G: Final = Point(
    0x32C4AE2C1F1981195F9904466A39C9948FE30BBFF2660BE1715A4589334C74C7,
    0xBC3736A2F4F6779C59BDCEE36B692153D0A9877CC62A474002DF32E52139F0A0,
)

_Jacobian = tuple[int, int, int]
_INFINITY: Final[_Jacobian] = (1, 1, 0)


def points(key: bytes) -> tuple[Point, ...]:
    """Returns the public keys that an encoding can mean: one, or two for a bare x coordinate (R76).

    An x that is padded may begin as another form does; what it can mean in each is returned then, the likeliest first.

    Args:
        key: SubjectPublicKeyInfo DER, 04||x||y, x||y, 02||x, 03||x, x, or x padded with zero bytes to a longer form.

    Raises:
        Malformed: It is no SM2 public key in any of these forms.
    """
    if key[:1] == b"\x30" and len(key) > 2 * SIZE + 1:
        with suppress(Malformed):
            key = _of_spki(key)
    bare = key[1:] if len(key) == 2 * SIZE + 1 and key[0] == 4 else key
    found = _full(bare) or (*_compressed(key), *(_padded(bare) or _padded(key)))
    if not found:
        raise Malformed("sm2-key")
    return found


def _full(key: bytes) -> tuple[Point, ...]:
    point = Point(int.from_bytes(key[:SIZE], "big"), int.from_bytes(key[SIZE:], "big"))
    return (point,) if len(key) == 2 * SIZE and on_curve(point) else ()


def _compressed(key: bytes) -> tuple[Point, ...]:
    """Reads 02||x and 03||x."""
    if len(key) != SIZE + 1 or key[0] not in (2, 3):
        return ()
    return tuple(point for point in _with_x(key[1:]) if point.y & 1 == key[0] & 1)


def _padded(key: bytes) -> tuple[Point, ...]:
    """Reads x alone; MiniMax fills it up with zero bytes before or behind it."""
    if not SIZE <= len(key) <= 3 * SIZE:
        return ()
    for x, padding in ((key[:SIZE], key[SIZE:]), (key[-SIZE:], key[:-SIZE])):
        if not any(padding) and any(x):
            return _with_x(x)
    return ()


def _of_spki(spki: bytes) -> bytes:
    algorithm, key = der.sequence(spki, (der.SEQUENCE, der.BIT_STRING))
    if algorithm.content != ALGORITHM_PARAMETERS or key.content[:1] != b"\x00":
        raise Malformed("sm2-key")
    return key.content[1:]


def on_curve(point: Point) -> bool:
    """Says whether the coordinates are reduced and satisfy the curve's equation."""
    x, y = point
    return 0 <= x < P and 0 <= y < P and (y * y - (x * x + A) * x - B) % P == 0


def _with_x(coordinate: bytes) -> tuple[Point, ...]:
    """Returns the points with this x, the one of even y first; () where the curve has none."""
    x = int.from_bytes(coordinate, "big")
    square = ((x * x + A) * x + B) % P
    y = pow(square, (P + 1) // 4, P)  # P = 3 mod 4
    if x >= P or y * y % P != square:
        return ()
    return (Point(x, P - y), Point(x, y)) if y & 1 else (Point(x, y), Point(x, P - y))


def signature_integers(signature: bytes) -> tuple[int, int]:
    """Returns (r, s) of a signature, DER SEQUENCE or raw r||s of 64 bytes (R76).

    Raises:
        Malformed: It is neither.
    """
    if len(signature) == 2 * SIZE:
        return int.from_bytes(signature[:SIZE], "big"), int.from_bytes(signature[SIZE:], "big")
    r, s = der.sequence(signature, (der.INTEGER, der.INTEGER))
    return int.from_bytes(r.content, "big", signed=True), int.from_bytes(s.content, "big", signed=True)


def user_hash(point: Point, user_id: bytes = DEFAULT_USER_ID) -> bytes:
    """Returns Z, the hash that binds a signature to its user id, the curve and the key (GB/T 32918.2, 5.5)."""
    bits = (len(user_id) * 8).to_bytes(2, "big")
    curve = b"".join(value.to_bytes(SIZE, "big") for value in (A, B, G.x, G.y))
    return sm3(bits + user_id + curve + point.raw())


def verify(point: Point, e: bytes, r: int, s: int) -> bool:
    """Says whether (r, s) signs the digest ``e`` = SM3(Z || M) under a public key (GB/T 32918.2, 7.1)."""
    if not (0 < r < N and 0 < s < N and on_curve(point)):
        return False
    t = (r + s) % N
    if t == 0:
        return False
    x = _combine(s, t, point)
    return x is not None and (int.from_bytes(e, "big") + x) % N == r


def _combine(s: int, t: int, point: Point) -> int | None:
    """Returns the x coordinate of s*G + t*point, computed with one chain of doublings."""
    g, q = (*G, 1), (*point, 1)
    table = (_INFINITY, g, q, _add(g, q))
    sum_: _Jacobian = _INFINITY
    for bit in range(max(s, t).bit_length() - 1, -1, -1):
        sum_ = _double(sum_)
        index = (s >> bit & 1) | (t >> bit & 1) << 1
        if index:
            sum_ = _add(sum_, table[index])
    x, _, z = sum_
    return None if z == 0 else x * pow(z, -2, P) % P


def _double(p: _Jacobian) -> _Jacobian:
    x, y, z = p
    if not y or not z:
        return _INFINITY
    square, delta = y * y % P, z * z % P
    beta = x * square % P
    alpha = 3 * (x - delta) * (x + delta) % P  # a = -3
    x3 = (alpha * alpha - 8 * beta) % P
    return x3, (alpha * (4 * beta - x3) - 8 * square * square) % P, 2 * y * z % P


def _add(p: _Jacobian, q: _Jacobian) -> _Jacobian:
    if not p[2]:
        return q
    if not q[2]:
        return p
    (x1, y1, z1), (x2, y2, z2) = p, q
    z1z1, z2z2 = z1 * z1 % P, z2 * z2 % P
    u1, u2 = x1 * z2z2 % P, x2 * z1z1 % P
    s1, s2 = y1 * z2 * z2z2 % P, y2 * z1 * z1z1 % P
    h, r = (u2 - u1) % P, (s2 - s1) % P
    if not h:
        return _INFINITY if r else _double(p)
    hh = h * h % P
    hhh, v = h * hh % P, u1 * hh % P
    x3 = (r * r - hhh - 2 * v) % P
    return x3, (r * (v - x3) - s1 * hhh) % P, h * z1 * z2 % P
