"""PyAV: what a transcode or remux writes carries the label of what it was made from.

::

    from yinji.pipelines import pyav

    with pyav.opened("upload.mp4", "served.webm") as (source, made):
        ...  # decode from source, encode into made, as ever
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from yinji.errors import MissingExtra, OutputExists, Refused
from yinji.operations.carry import carried_label, carry

if TYPE_CHECKING:
    from av.container import InputContainer, OutputContainer


@contextmanager
def opened(
    source: str | os.PathLike[str],
    output: str | os.PathLike[str],
    *,
    overwrite: bool = False,
    durable: bool = True,
    **options: Any,
) -> Iterator[tuple[InputContainer, OutputContainer]]:
    """Opens both ends of a pipeline; when the block is done, the label is carried over and the output takes its name.

    The output is made beside its place and appears there whole and labelled, or not at all.

    Args:
        source: What is read.
        output: What is written; its ending tells the format.
        overwrite: Allow an existing output to be replaced.
        durable: Wait for the disk.
        options: What else ``av.open`` takes for the output.

    Raises:
        MissingExtra: PyAV is not installed.
        OutputExists: The output is there already.
        Malformed: The source's label cannot be told; raised before the block runs.
        UnsupportedFormat, ReadBackMismatch, StorageError: As for ``yinji.carry``; there is no output then.
    """
    av = _library()
    place = Path(output)
    if place.exists() and not overwrite:
        raise OutputExists("output-exists", path=place)
    is_labelled = _is_labelled(source)
    with tempfile.TemporaryDirectory(prefix=f".{place.stem}-", dir=place.parent) as folder:
        made = Path(folder) / place.name
        with av.open(os.fspath(source)) as reading, av.open(str(made), "w", **options) as writing:
            yield reading, writing
        if is_labelled:
            carry(source, made, output=place, overwrite=overwrite, durable=durable)
        else:
            made.replace(place)


def remux(
    source: str | os.PathLike[str],
    output: str | os.PathLike[str],
    *,
    overwrite: bool = False,
    durable: bool = True,
) -> None:
    """Copies all audio, video and subtitle streams into another container, nothing decoded, and carries the label.

    Raises:
        MissingExtra, OutputExists, Malformed, UnsupportedFormat: As :func:`opened`.
    """
    with opened(source, output, overwrite=overwrite, durable=durable) as (reading, writing):
        kept = [stream for stream in reading.streams if stream.type in ("audio", "video", "subtitle")]
        streams = {stream.index: writing.add_stream_from_template(stream) for stream in kept}
        for packet in reading.demux(kept):
            if packet.dts is not None:
                packet.stream = streams[packet.stream.index]
                writing.mux(packet)


def _is_labelled(source: str | os.PathLike[str]) -> bool:
    try:
        carried_label(source)
    except Refused:
        return False
    return True


def _library() -> Any:
    try:
        import av
    except ImportError:
        raise MissingExtra("missing-extra", extra="av", names="av") from None
    return av
