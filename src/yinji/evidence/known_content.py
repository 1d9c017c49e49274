"""That the same media is known with a label which this file does not carry (Measures Art. 10; checklist R95).

Whoever keeps the register of known media looks the file up and hands over what it found; the detector only compares.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import ClassVar, Final

from yinji.evidence.base import Basis, DetectorExample, Evidence, Inspected, Says, Strength
from yinji.labels.aigc import LABELS
from yinji.texts import Text

PRODUCERS_PART: Final = ("Label", "ContentProducer", "ProduceID")
"""What nobody who passes content on may change (GB 45438-2025 6.1 c); the propagator's half changes lawfully."""

_MISSING: Final = Text(
    "画面、声音或文字与已知带有人工智能标识的内容逐字节相同，而这个文件没有标识。",
    "The media is, byte for byte, that of content known with an AI label; this file carries no label.",
)
_OTHER: Final = Text(
    "画面、声音或文字与已知带有人工智能标识的内容逐字节相同，而这个文件的标识与之不同。",
    "The media is, byte for byte, that of content known with an AI label; the label in this file is another one.",
)


class KnownContent:
    """Yields at most one piece of evidence."""

    name: ClassVar[str] = "known-content"
    version: ClassVar[str] = "1"
    decodes: ClassVar[bool] = False

    def detect(self, file: Inspected) -> Iterator[Evidence]:
        known = file.known
        if known is None or known.label.get("Label") not in LABELS:
            return
        present = [dict(found.label.items()) for found in file.reading.found if found.label is not None]
        if any(all(label[key] == known.label.get(key) for key in PRODUCERS_PART) for label in present):
            return
        yield Evidence(
            self.name,
            self.version,
            Says.AI,
            Basis.KNOWN_CONTENT,
            Strength.STATED,
            _OTHER if file.reading.found else _MISSING,
            detail={
                "media_digest": known.media_digest,
                "item": known.item,
                "origin": known.origin,
                "label": dict(known.label),
                "missing": not file.reading.found,
            },
        )

    @classmethod
    def examples(cls) -> Iterable[DetectorExample]:
        """Returns none: what it finds is in a register, not in a file."""
        return ()
