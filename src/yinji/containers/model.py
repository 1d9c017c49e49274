"""What containers say about a file, without saying what it means for anyone."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Final, NamedTuple

from yinji.labels.aigc import AigcLabel
from yinji.labels.problem import Problem

_NO_FIELDS: Final[Mapping[str, Any]] = {}


class Kind(StrEnum):
    """The content kinds of Measures Art. 3."""

    IMAGE = "image"
    VIDEO = "video"
    AUDIO = "audio"
    TEXT = "text"
    DOCUMENT = "document"
    SCENE = "scene"
    OTHER = "other"


class State(StrEnum):
    """What a reading can answer. Only ``unlabelled`` means that no label was found in a file read to its end (R62)."""

    LABELLED = "labelled"
    UNLABELLED = "unlabelled"
    MALFORMED = "malformed"
    UNREADABLE = "unreadable"
    UNSUPPORTED = "unsupported"


class Scheme(StrEnum):
    """Whose schema a found record follows."""

    GB45438 = "gb45438"
    BYTEDANCE = "bytedance"
    TENCENT_CLOUD = "tencent_cloud"


class Block(NamedTuple):
    """One piece of metadata, as a container finds it.

    Attributes:
        carrier: Where metadata of this kind lives: ``xmp``, ``exif``, ``png-text``, ``jpeg-app``, ``mdta``, ``ilst``,
            ``itunes-freeform``, ``id3-txxx``, ``vorbis-comment``, ``riff-chunk``, ``pdf-info``, ``front-matter`` …
        key: Keyword, tag or property name; "" where the carrier has none (an XMP packet, an EXIF block).
        value: The raw value. ``xmp`` and ``exif`` are the whole packet or TIFF structure as bytes; keyed carriers
            give their text decoded by the carrier's own rules.
        start, stop: Byte range in the file of the smallest structure that holds the value (chunk, segment, box).
        problems: What is wrong with the place or encoding (late chunk, wrong box …), not with the value.
    """

    carrier: str
    key: str
    value: bytes | str
    start: int
    stop: int
    problems: tuple[Problem, ...] = ()


class Found(NamedTuple):
    """One label as found.

    Attributes:
        scheme: Whose schema.
        label: The label, or None when the value could not be understood (then ``problems`` says why).
        text: The value as it stands in the file.
        carrier: The carrier of the block it came from.
        shape: ``element`` or ``attribute`` in XMP; ``bare`` or ``wrapped`` JSON, ``yaml``, ``repr`` elsewhere.
        start, stop: Byte range in the file of the structure that holds it.
        problems: Every deviation, of value and of place.
        fields: Other schemes' own keys and values.
    """

    scheme: Scheme
    label: AigcLabel | None
    text: str
    carrier: str
    shape: str
    start: int
    stop: int
    problems: tuple[Problem, ...] = ()
    fields: Mapping[str, Any] = _NO_FIELDS

    def to_dict(self) -> dict[str, Any]:
        """Returns the seven fields under the standard's keys, then where and how they were found."""
        values: dict[str, Any] = dict(self.label.items()) if self.label else {}
        return values | {
            "carrier": self.carrier,
            "shape": self.shape,
            "offset": self.start,
            "length": self.stop - self.start,
            "problems": [p.to_dict() for p in self.problems],
        }


class Reading(NamedTuple):
    """What a container says.

    Attributes:
        format: Name of the container ("jpeg"), or "unknown".
        media_type: IANA media type.
        kind: Content kind.
        state: The answer.
        found: GB 45438 labels, in file order. More than one breaks clause 6.1 c).
        other: Records of other schemes, never taken for the GB label.
        blocks: Metadata blocks, for the detectors of :mod:`yinji.evidence`: all of them in a thorough reading, in a
            quick one those that the answer needed.
        problems: What is wrong with the file as a whole, and why the state is what it is.
        size: Bytes of the file.
        bytes_read, reads: What the reading cost.
    """

    format: str
    media_type: str
    kind: Kind
    state: State
    found: tuple[Found, ...] = ()
    other: tuple[Found, ...] = ()
    blocks: tuple[Block, ...] = ()
    problems: tuple[Problem, ...] = ()
    size: int = 0
    bytes_read: int = 0
    reads: int = 0

    @property
    def label(self) -> AigcLabel | None:
        """The label of the file: the first one that could be understood."""
        return next((f.label for f in self.found if f.label is not None), None)

    def to_dict(self) -> dict[str, Any]:
        return {
            "format": self.format,
            "media_type": self.media_type,
            "kind": str(self.kind),
            "state": str(self.state),
            "labels": [f.to_dict() for f in self.found],
            "other_records": [dict(f.fields) | {"scheme": str(f.scheme), "carrier": f.carrier} for f in self.other],
            "problems": [p.to_dict() for p in self.problems],
        }
