"""Traces that generators leave in metadata, found by a dictionary (``traces.toml``)."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable, Iterator
from typing import ClassVar

from yinji.evidence.base import Basis, DetectorExample, Evidence, Inspected, Says, Strength
from yinji.evidence.fields import fields
from yinji.evidence.traces import Trace, matching
from yinji.texts import Text

_SHOWN = 120


class GeneratorTrace:
    """Yields one piece of evidence for each row of the dictionary that matches, at its first place in the file."""

    name: ClassVar[str] = "generator-trace"
    version: ClassVar[str] = "1"
    decodes: ClassVar[bool] = False

    def detect(self, file: Inspected) -> Iterator[Evidence]:
        seen: set[str] = set()
        for trace, field in matching(tuple(fields(file.reading.blocks))):
            if trace.id in seen:
                continue
            seen.add(trace.id)
            yield Evidence(
                self.name,
                self.version,
                Says.AI,
                Basis.TRACE,
                trace.strength,
                _summary(trace, field.key),
                detail={"trace": trace.id, "tool": trace.tool, "key": field.key, "value": field.value[:_SHOWN]},
                where={
                    "carrier": field.carrier,
                    "offset": field.block.start,
                    "length": field.block.stop - field.block.start,
                },
            )

    @classmethod
    def examples(cls) -> Iterable[DetectorExample]:
        """Yields a one-pixel PNG with the parameters of a local tool."""
        text = b"parameters\0a cat\nSteps: 20, Sampler: Euler a, CFG scale: 7, Seed: 1, Size: 512x512"
        header = struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)
        chunks = ((b"IHDR", header), (b"tEXt", text), (b"IDAT", zlib.compress(b"\0\0")), (b"IEND", b""))
        yield DetectorExample("parameters.png", b"\x89PNG\r\n\x1a\n" + b"".join(map(_chunk, chunks)), Says.AI)


def _chunk(chunk: tuple[bytes, bytes]) -> bytes:
    kind, data = chunk
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _summary(trace: Trace, key: str) -> Text:
    if trace.strength is Strength.WEAK:
        return Text(
            f"元数据字段 {key} 与 {trace.tool} 有关；单独不足以定论。",
            f"The metadata field {key} points to {trace.tool}; by itself it decides nothing.",
        )
    return Text(
        f"元数据字段 {key} 里有 {trace.tool} 留下的生成痕迹。",
        f"The metadata field {key} holds a trace that {trace.tool} leaves in what it generates.",
    )
