"""An indirect object of a PDF file, where it stands (ISO 32000-1, 7.3.10)."""

from __future__ import annotations

from dataclasses import dataclass

from yinji.containers.pdf.lexer import Dictionary, Value


@dataclass(frozen=True, slots=True)
class Indirect:
    """An indirect object where it stands.

    Attributes:
        number, generation: Its identity.
        value: The object; a stream's dictionary.
        text: The bytes that positions in ``value`` refer to.
        base: File position of ``text`` (of the object stream when packed).
        start: File position of the object; of the object stream when packed.
        stop: File position behind the value, or behind the stream data.
        data_at: File position of the stream data, or -1.
        packed: Whether it lives in an object stream: its bytes cannot be edited in place and its strings are plain.
    """

    number: int
    generation: int
    value: Value
    text: bytes
    base: int
    start: int
    stop: int
    data_at: int = -1
    packed: bool = False

    @property
    def dictionary(self) -> Dictionary:
        return self.value if isinstance(self.value, Dictionary) else Dictionary()
