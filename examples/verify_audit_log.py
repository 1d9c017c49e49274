#!/usr/bin/env python3
"""Checks a copy of an audit log (a folder with `checkpoint`, `vkey`, `tile/entries/…`). Needs nothing but Python 3.8.

    python3 verify_audit_log.py FOLDER [VKEY]

Signed note: c2sp.org/signed-note. Tree: RFC 6962 section 2.1. Signature: Ed25519, RFC 8032 section 5.1.7.
"""

import base64
import hashlib
import json
import pathlib
import sys

P, Q = 2**255 - 19, 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P


def add(a, b):  # points of the curve in extended coordinates
    A, B = (a[1] - a[0]) * (b[1] - b[0]) % P, (a[1] + a[0]) * (b[1] + b[0]) % P
    C, E = 2 * a[3] * b[3] * D % P, 2 * a[2] * b[2] % P
    e, f, g, h = B - A, E - C, E + C, B + A
    return e * f % P, g * h % P, f * g % P, e * h % P


def times(n, a):
    total = (0, 1, 1, 0)
    while n:
        total, a, n = add(total, a) if n & 1 else total, add(a, a), n >> 1
    return total


def point(raw):
    y, sign = int.from_bytes(raw, "little") & 2**255 - 1, raw[31] >> 7
    x2 = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(x2, (P + 3) // 8, P)
    x = x if x * x % P == x2 else x * pow(2, (P - 1) // 4, P) % P
    assert x * x % P == x2 and y < P, "no point of the curve"
    return (P - x if x % 2 != sign else x), y, 1, (P - x if x % 2 != sign else x) * y % P


def signed(key, signature, text):
    s, r = int.from_bytes(signature[32:], "little"), point(signature[:32])
    k = int.from_bytes(hashlib.sha512(signature[:32] + key + text).digest(), "little") % Q
    left, right = times(s, point((4 * pow(5, P - 2, P) % P).to_bytes(32, "little"))), add(r, times(k, point(key)))
    return s < Q and all((left[i] * right[2] - right[i] * left[2]) % P == 0 for i in (0, 1))


folder = pathlib.Path(sys.argv[1])
name, key_id, key = (sys.argv[2] if len(sys.argv) > 2 else (folder / "vkey").read_text()).strip().split("+", 2)
text, _, signatures = (folder / "checkpoint").read_text("utf-8").rpartition("\n\n")
line = next(line for line in signatures.splitlines() if line.startswith(f"— {name} "))
signature, key = base64.b64decode(line.split(" ")[2]), base64.b64decode(key)[1:]
assert signature[:4].hex() == key_id and signed(key, signature[4:], (text + "\n").encode()), "the signature is wrong"
origin, size, root = text.split("\n")[:3]
assert origin == name, "the checkpoint is about another log"

edge = []  # roots of perfect subtrees, largest first: [(number of entries, hash)]
for number in range((int(size) + 255) // 256):
    digits = f"{number:03}".zfill((len(f"{number:03}") + 2) // 3 * 3)
    groups = [digits[i : i + 3] for i in range(0, len(digits), 3)]
    width = min(256, int(size) - number * 256)
    path = "/".join([*("x" + group for group in groups[:-1]), groups[-1]]) + (f".p/{width}" if width < 256 else "")
    bundle, at = (folder / "tile/entries" / path).read_bytes(), 0
    while at < len(bundle):
        length = int.from_bytes(bundle[at : at + 2], "big")
        entry, at = bundle[at + 2 : at + 2 + length], at + 2 + length
        assert (
            json.dumps(json.loads(entry), sort_keys=True, separators=(",", ":"), ensure_ascii=False) == entry.decode()
        )
        edge.append((1, hashlib.sha256(b"\0" + entry).digest()))
        while len(edge) > 1 and edge[-1][0] == edge[-2][0]:
            (count, right), (_, left) = edge.pop(), edge.pop()
            edge.append((2 * count, hashlib.sha256(b"\1" + left + right).digest()))
found = edge[-1][1] if edge else hashlib.sha256().digest()
for _, left in reversed(edge[:-1]):
    found = hashlib.sha256(b"\1" + left + found).digest()
assert sum(count for count, _ in edge) == int(size), "entries are missing"
assert found == base64.b64decode(root), "entries were changed"
print(f"{size} entries of {origin} are exactly those that the checkpoint was signed for; root {found.hex()}")
