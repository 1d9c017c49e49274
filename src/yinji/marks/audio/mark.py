"""The label on sound (GB 45438-2025 5.3): the rhythm short long, short short, or words, beside the content.

It is never mixed under the content. Where the format allows it, the frames of the content are copied as they are, and
only the label is encoded.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, BinaryIO, ClassVar, Final

from yinji.errors import LimitExceeded, Malformed, MissingExtra, YinjiError
from yinji.marks.audio import pool, wav
from yinji.marks.audio.plan import PLACES, RHYTHM, Ask
from yinji.marks.base import Drawn, MarkExample, MarkRequest

_MOST_BYTES: Final = 16 << 30
_WAV: Final = "audio/wav"


class AudioMark:
    """Puts the label into WAV, AIFF, FLAC, MP3, AAC, M4A, Opus, Vorbis and WMA."""

    name: ClassVar[str] = "audio"
    media_types: ClassVar[frozenset[str]] = frozenset(
        {_WAV, "audio/flac", "audio/mpeg", "audio/mp4", "audio/aac", "audio/ogg", "audio/aiff", "audio/x-ms-wma"}
    )
    places: ClassVar[tuple[str, ...]] = PLACES

    def draw(self, original: BinaryIO, marked: BinaryIO, request: MarkRequest) -> Drawn:
        """See :meth:`yinji.marks.base.PerceptibleMark.draw`; sound that has the label there already stays as it is. A
        spoken label in these words does as well as the rhythm, not the other way round: who asks for words gets them.

        Raises:
            MissingExtra: PyAV is not installed, and the format is not WAV.
            UnreadableInput: The process that decodes and encodes ended before its time.
        """
        ask = Ask.of(request)
        media_type = request.media_type.partition(";")[0].strip().lower()
        if find_spec("av") is None and (media_type != _WAV or ask.words):
            raise MissingExtra("missing-extra", extra="av", names="av")
        try:
            with TemporaryDirectory(prefix="yinji-audio-") as folder:
                facts = _marked(original, marked, media_type, ask, Path(folder))
        except YinjiError as error:
            name = str(getattr(original, "name", "") or "")
            if name and "path" not in error.details:
                raise type(error)(error.code, path=name, **error.details) from error
            raise
        place = request.place or "+".join(request.times)
        words = facts.pop("words") or RHYTHM
        return Drawn(self.name, words, place, facts.pop("method"), detail=facts)

    def find(self, content: BinaryIO, request: MarkRequest) -> Drawn | None:
        """See :meth:`yinji.marks.base.MarkFinder.find`; the whole of the sound is decoded.

        Raises:
            MissingExtra: PyAV or numpy is not installed.
            UnreadableInput: The process that decodes ended before its time.
        """
        if find_spec("av") is None or find_spec("numpy") is None:
            raise MissingExtra("missing-extra", extra="av", names="av, numpy")
        with TemporaryDirectory(prefix="yinji-audio-") as folder:
            source = Path(folder, "source")
            _copy(content, source)
            media_type = request.media_type.partition(";")[0].strip().lower()
            task = {"source": str(source), "media_type": media_type, "find": (request.words, request.style)}
            facts = pool.ask(task)["found"]
        if facts is None:
            return None
        words = facts.pop("words") or RHYTHM
        return Drawn(self.name, words, facts.pop("place"), "found", detail=facts)

    @classmethod
    def examples(cls) -> Iterable[MarkExample]:
        """Yields a second of a quiet tone in each format."""
        for name, muxer, codec, media_type in _EXAMPLES:
            yield MarkExample(name, _clip(muxer, codec), media_type)


_EXAMPLES: Final = (
    ("wav", "wav", "pcm_s16le", _WAV),
    ("flac", "flac", "flac", "audio/flac"),
    ("mp3", "mp3", "libmp3lame", "audio/mpeg"),
    ("aac", "adts", "aac", "audio/aac"),
    ("m4a", "ipod", "aac", "audio/mp4"),
    ("opus", "ogg", "libopus", "audio/ogg"),
    ("aiff", "aiff", "pcm_s16be", "audio/aiff"),
)


def _marked(original: BinaryIO, marked: BinaryIO, media_type: str, ask: Ask, folder: Path) -> dict[str, Any]:
    source, output = folder / "source", folder / "output"
    _copy(original, source)
    if media_type == _WAV:
        with source.open("rb") as file, output.open("wb") as target:
            facts = wav.mark(file, target, ask).to_dict()
    else:
        facts = pool.ask({"source": str(source), "output": str(output), "media_type": media_type, "ask": ask})
    with output.open("rb") as file:
        shutil.copyfileobj(file, marked, 1 << 20)
    return facts


def _copy(original: BinaryIO, target: Path) -> None:
    copied = 0
    with target.open("wb") as file:
        while data := original.read(1 << 20):
            copied += len(data)
            if copied > _MOST_BYTES:
                raise LimitExceeded("too-many-bytes", limit=_MOST_BYTES)
            file.write(data)
    if not copied:
        raise Malformed("mark-empty")


def _clip(muxer: str, codec: str) -> bytes:
    import io

    import av

    from yinji.marks.audio.codec import Sound, encode
    from yinji.marks.audio.rhythm import tone

    file = io.BytesIO()
    with av.open(file, "w", format=muxer) as container:
        stream: Any = container.add_stream(codec, rate=48000, layout="mono")
        encode(stream.codec_context, Sound(tone(48000, 48000, 0.1), 48000, 1), container.mux)
    return file.getvalue()
