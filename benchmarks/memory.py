"""What reading and writing labels holds in memory: peak resident set of a process of its own, by format and file size.

Run: ``python benchmarks/memory.py [MEGABYTES…]``, 100 and 1000 without any. Every file is mostly one long stretch of
media, sparse on the disk. "Over import" is the peak less that of a process that imports the package and does nothing;
flat means that the last size takes no more than the first. Needs nothing but the package.
"""

from __future__ import annotations

import json
import os
import struct
import subprocess
import sys
import tempfile
import zlib
from collections.abc import Callable
from pathlib import Path

from yinji.containers.matroska import ebml
from yinji.containers.matroska.elements import CLUSTER, SEGMENT
from yinji.containers.matroska.samples import clip
from yinji.containers.pdf.samples import plain
from yinji.containers.registry import by_name

MB = 1_000_000
VERBS = ("import", "read", "label", "label in place", "propagate", "digest")
WORK = """
import json, resource, sys
import yinji, yinji.operations.label, yinji.operations.propagate
verb, path, out = sys.argv[1:]
label = yinji.AigcLabel.first("001191110000MA0TE5T00Q10001", "20261122-7f3a9c")
if verb == "read":
    yinji.read(path, thorough=True)
elif verb == "label":
    yinji.label(path, label, output=out, metadata_only=True, overwrite=True, durable=False)
elif verb == "label in place":
    yinji.label(path, label, in_place=True, metadata_only=True)
elif verb == "propagate":
    yinji.propagate(path, propagator="001191110000MA0TE5T00Q20001", propagate_id="post-42", in_place=True)
elif verb == "digest":
    yinji.media_digest(path)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def _example(name: str) -> bytes:
    return next(iter(by_name(name).examples())).data


def _sparse(path: Path, front: bytes, length: int, back: bytes = b"") -> None:
    with path.open("wb") as out:
        out.write(front)
        out.truncate(len(front) + length)
        out.seek(0, os.SEEK_END)
        out.write(back)


def mp4(path: Path, size: int) -> None:
    _sparse(path, _example("mp4") + struct.pack(">I4sQ", 1, b"mdat", 16 + size), size)


def mkv(path: Path, size: int) -> None:
    """Clusters of 100 KB each."""
    front, block = clip("matroska"), 100_000
    media = ebml.make_number(0xE7, 0)
    head = CLUSTER.to_bytes(4, "big") + ebml.size_field(block - 12, 8) + media
    head += bytes((0xA3,)) + ebml.size_field(block - len(head) - 9, 8)
    number = size // block
    at = front.index(SEGMENT.to_bytes(4, "big")) + 4
    grown = ebml.size_field(len(front) - at - 8 + number * block, 8)
    _sparse(path, front[:at] + grown + front[at + 8 :], number * block)
    with path.open("rb+") as out:
        for n in range(number):
            out.seek(len(front) + n * block)
            out.write(head)


def wav(path: Path, size: int) -> None:
    front = _example("wav")
    at = front.index(b"data")
    head = b"RIFF" + struct.pack("<I", at + size) + front[8:at] + b"data" + struct.pack("<I", size)
    _sparse(path, head, size)


def pdf(path: Path, size: int) -> None:
    """A stream of that length in front of everything else that counts."""
    old = plain()
    front = b"%PDF-1.7\n9 0 obj\n<< /Length " + str(size).encode() + b" >>\nstream\n"
    middle = b"\nendstream\nendobj\n"
    table = old.index(b"xref\n0 ")
    shift = len(front) + size + len(middle)
    rows = b"".join(
        b"%010d 00000 n\r\n" % (int(row[:10]) + shift) if row[17:18] == b"n" else b"0000000000 65535 f\r\n"
        for row in old[table:].splitlines()[2:8]
    )
    rest = old[old.index(b"trailer") : old.index(b"startxref")]
    end = b"xref\n0 6\n" + rows + b"9 1\n%010d 00000 n\r\n" % 9 + rest.replace(b"/Size 6", b"/Size 10")
    start = shift + table
    _sparse(path, front, size, middle + old[:table] + end + b"startxref\n%d\n%%%%EOF\n" % start)


def jpeg(path: Path, size: int) -> None:
    """A picture with a tail behind it, as phones append a film: a twentieth, since tails are searched to 64 MiB."""
    _sparse(path, _example("jpeg"), size // 20)


def docx(path: Path, size: int) -> None:
    """One stored entry of that length in front of the parts of a small document."""
    old, name = _example("docx"), b"word/media/film.mp4"
    crc = zlib.crc32(b"")
    for _ in range(size // MB):
        crc = zlib.crc32(bytes(MB), crc)
    fields = struct.pack("<HHHHHIIIHH", 20, 0, 0, 0, 0x21, crc, size, size, len(name), 0)
    front = b"PK\3\4" + fields + name
    shift = len(front) + size
    directory = old.index(b"PK\1\2")
    end = old.rindex(b"PK\5\6")
    rows, at = b"", directory
    while at < end:
        lengths = struct.unpack_from("<HHH", old, at + 28)
        stop = at + 46 + sum(lengths)
        (offset,) = struct.unpack_from("<I", old, at + 42)
        rows += old[at : at + 42] + struct.pack("<I", offset + shift) + old[at + 46 : stop]
        at = stop
    rows += b"PK\1\2\x14\0" + fields + struct.pack("<HHHII", 0, 0, 0, 0, 0) + name
    count = struct.unpack_from("<H", old, end + 8)[0] + 1
    ending = struct.pack("<4sHHHHIIH", b"PK\5\6", 0, 0, count, count, len(rows), directory + shift, 0)
    _sparse(path, front, size, old[:directory] + rows + ending)


KINDS: dict[str, Callable[[Path, int], None]] = {
    "mp4": mp4,
    "mkv": mkv,
    "wav": wav,
    "pdf": pdf,
    "jpg": jpeg,
    "docx": docx,
}


def peak(verb: str, path: Path, out: Path) -> float:
    """Returns the peak resident set of a process that does one thing, in MB."""
    command = (sys.executable, "-c", WORK, verb, path, out)
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{verb} {path.name}: {done.stderr}")
    return json.loads(done.stdout) * 1024 / MB


def main() -> None:
    sizes = [int(word) for word in sys.argv[1:]] or [100, 1000]
    with tempfile.TemporaryDirectory() as folder:
        print(f"{'':6}{'size':>8}" + "".join(f"{verb:>16}" for verb in VERBS) + "   MB, over import but for the first")
        for ending, make in KINDS.items():
            for size in sizes:
                path, out = Path(folder) / f"in.{ending}", Path(folder) / f"out.{ending}"
                make(path, size * MB)
                peaks = [peak(verb, path, out) for verb in VERBS]
                shown = [f"{peaks[0]:>16.1f}", *(f"{value - peaks[0]:>16.1f}" for value in peaks[1:])]
                print(f"{ending:6}{size:>5} MB" + "".join(shown), flush=True)
                out.unlink()
                path.unlink()


if __name__ == "__main__":
    main()
