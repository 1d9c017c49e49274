"""What the author says (Measures Art. 6(2), Art. 10), as evidence."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import ClassVar, Final

from yinji.evidence.base import Basis, DetectorExample, Evidence, Inspected, Says, Strength
from yinji.labels.declaration import Declared
from yinji.texts import Text

_SUMMARIES: Final = {
    Declared.AI_GENERATED: Text(
        "作者声明：内容由人工智能生成。", "The author declares that AI generated this content."
    ),
    Declared.AI_EDITED: Text(
        "作者声明：内容含有人工智能生成或修改的部分。",
        "The author declares that AI generated or changed parts of this content.",
    ),
    Declared.NOT_AI: Text(
        "作者声明：内容不含人工智能生成合成的部分。", "The author declares that no AI generation took place."
    ),
}


class AuthorDeclaration:
    """Repeats the author's declaration; yields nothing where the author said nothing."""

    name: ClassVar[str] = "declaration"
    version: ClassVar[str] = "1"
    decodes: ClassVar[bool] = False

    def detect(self, file: Inspected) -> Iterator[Evidence]:
        declaration = file.declaration
        if declaration is None or declaration.choice is Declared.UNDECLARED:
            return
        yield Evidence(
            self.name,
            self.version,
            Says.AI if declaration.choice.says_ai else Says.NOT_AI,
            Basis.DECLARATION,
            Strength.STATED,
            _SUMMARIES[declaration.choice],
            detail={"choice": str(declaration.choice), "note": declaration.note},
        )

    @classmethod
    def examples(cls) -> Iterable[DetectorExample]:
        """Returns none: a declaration comes with the upload, not in the file."""
        return ()
