"""That a C2PA manifest is there. What it says, and whether it holds, is not judged here."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import ClassVar, Final

from yinji.evidence.base import Basis, DetectorExample, Evidence, Inspected, Integrity, Says, Strength
from yinji.evidence.registry import may_hold_credential
from yinji.texts import Text

_PRESENT: Final = Text(
    "文件带有 C2PA 凭证，这个版本尚未核验，不作为依据。",
    "A C2PA credential is present, not yet verified by this version; nothing is concluded from it.",
)


class CredentialPresence:
    """Yields at most one piece of evidence: a manifest may be spread over many segments of one file."""

    name: ClassVar[str] = "credential-presence"
    version: ClassVar[str] = "1"
    decodes: ClassVar[bool] = False

    def detect(self, file: Inspected) -> Iterator[Evidence]:
        blocks = [block for block in file.reading.blocks if may_hold_credential(block)]
        if not blocks:
            return
        first = blocks[0]
        yield Evidence(
            self.name,
            self.version,
            Says.UNKNOWN,
            Basis.CREDENTIAL,
            Strength.WEAK,
            _PRESENT,
            Integrity.UNVERIFIABLE,
            detail={"scheme": "c2pa", "verified": False, "blocks": len(blocks)},
            where={"carrier": first.carrier, "offset": first.start, "length": first.stop - first.start},
        )

    @classmethod
    def examples(cls) -> Iterable[DetectorExample]:
        """Returns none: a manifest needs a file that holds one."""
        return ()
