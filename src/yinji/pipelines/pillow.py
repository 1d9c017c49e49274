"""Pillow: what ``Image.save`` writes carries the label of what it was made from.

Pillow drops the label whenever it saves JPEG, PNG, WebP, AVIF or GIF. Either save through this module::

    from yinji.pipelines import pillow

    pillow.save(image.resize((320, 240)), "thumb.jpg", source="upload.png", quality=85)

or, where the saving happens in somebody else's code, around it::

    with pillow.carrying("upload.png"):
        make_thumbnails("upload.png")
"""

from __future__ import annotations

import io
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Final, NamedTuple

from yinji.errors import MissingExtra, Refused
from yinji.operations.carry import carried_label, carry
from yinji.operations.written import Written

if TYPE_CHECKING:
    from PIL.Image import Image

_NOTHING: Final = "nothing-to-carry"
Input = str | os.PathLike[str] | bytes | bytearray | memoryview | BinaryIO


class _Carrying(NamedTuple):
    """What is carried in a ``with`` block, and what was written in it."""

    source: Input
    results: list[Written]


_current: ContextVar[_Carrying | None] = ContextVar("yinji_pillow_carrying", default=None)


def save(
    image: Image,
    output: str | os.PathLike[str] | BinaryIO,
    *,
    source: Input,
    format: str | None = None,
    durable: bool = True,
    **options: Any,
) -> Written | None:
    """Saves an image as ``image.save`` does and carries the label of its source into what was saved.

    A file appears under its name only with the label in it; whatever stood there is replaced in one step.

    Args:
        image: A Pillow image.
        output: A path, or a writable binary file.
        source: What the image was made from: a path, bytes or a seekable binary file.
        format: Pillow's name of the format; by default that of the output's ending.
        durable: Wait for the disk.
        options: What else ``image.save`` takes.

    Returns:
        What was carried; None when the source carries no label.

    Raises:
        MissingExtra: Pillow is not installed.
        Malformed: The source cannot be read to its end, or its label not be understood. Nothing was saved.
        UnsupportedFormat: The format has no place for the label. Nothing was saved.
        Refused, ReadBackMismatch, StorageError: As for ``yinji.carry``. Nothing was saved.
    """
    return _save(_original(), image, output, source, format, durable, options)


@contextmanager
def carrying(source: Input) -> Iterator[list[Written]]:
    """Makes every ``Image.save`` inside the ``with`` block carry the label of ``source``.

    Only this thread (or task) is concerned. Yields the list that what was carried is put into.

    Raises:
        MissingExtra: Pillow is not installed.
        Malformed: The source's label cannot be told; raised before the block runs.
    """
    _install()
    _is_labelled(source)
    token = _current.set(_Carrying(source, []))
    try:
        current = _current.get()
        assert current is not None
        yield current.results
    finally:
        _current.reset(token)


def _save(
    original: Callable[..., None],
    image: Image,
    output: str | os.PathLike[str] | BinaryIO,
    source: Input,
    format: str | None,
    durable: bool,
    options: dict[str, Any],
) -> Written | None:
    path = Path(output) if isinstance(output, (str, os.PathLike)) else None
    if not _is_labelled(source):
        original(image, output, format, **options)
        return None
    encoded = io.BytesIO()
    name = path.name if path else str(getattr(output, "name", ""))
    encoded.name = name  # Pillow takes the format from it
    original(image, encoded, format, **options)
    if path is not None:
        return carry(source, encoded, output=path, overwrite=True, durable=durable)
    assert not isinstance(output, (str, os.PathLike))
    with tempfile.TemporaryDirectory(prefix="yinji-pillow-") as folder:
        made = Path(folder) / "labelled"
        result = carry(source, encoded, output=made, durable=False)
        with made.open("rb") as file:
            shutil.copyfileobj(file, output)
    return result


def _is_labelled(source: Input) -> bool:
    try:
        carried_label(source)
    except Refused as refused:
        if refused.code == _NOTHING:
            return False
        raise
    return True


def _image_class() -> type[Image]:
    try:
        from PIL import Image
    except ImportError:
        raise MissingExtra("missing-extra", extra="image", names="pillow") from None
    return Image.Image


def _original() -> Callable[..., None]:
    """Returns Pillow's own ``save``, from under the hook if that is installed."""
    method = _image_class().save
    original: Callable[..., None] = getattr(method, "_yinji_original", method)
    return original


def _install() -> None:
    """Puts a hook in front of ``Image.save`` that does nothing outside :func:`carrying`."""
    image_class = _image_class()
    if hasattr(image_class.save, "_yinji_original"):
        return
    original = _original()

    @wraps(original)
    def hooked(self: Image, fp: Any, format: str | None = None, **params: Any) -> None:
        current = _current.get()
        if current is None:
            original(self, fp, format, **params)
            return
        token = _current.set(None)  # encoders save parts of an image by the same method
        try:
            result = _save(original, self, fp, current.source, format, True, params)
        finally:
            _current.reset(token)
        if result is not None:
            current.results.append(result)

    hooked._yinji_original = original  # type: ignore[attr-defined]  # the mark by which the hook is known
    image_class.save = hooked  # type: ignore[method-assign]
