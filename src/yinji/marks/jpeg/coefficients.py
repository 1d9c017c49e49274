"""All coefficients of a JPEG in memory: some blocks are taken out, put back painted, and all is written again."""

from __future__ import annotations

import ctypes as c
from typing import Protocol

from yinji.marks.jpeg.library import (
    BLOCK,
    GREYSCALE,
    IMAGE_POOL,
    Component,
    Compress,
    Decompress,
    Reader,
    Writer,
    memory,
    plausible,
)

Rectangle = tuple[int, int, int, int]


class Blocks(Protocol):
    """Rows of blocks that can be reached."""

    components: list[Component]

    def row(self, component: int, number: int, *, writable: bool = False) -> int:
        """Address of a row of blocks."""
        ...


class Picture(Reader):
    """A JPEG whose coefficients are in memory; see :class:`yinji.marks.jpeg.library.Reader`."""

    def __init__(self, library: c.CDLL, data: bytes, expected: tuple[int, ...]) -> None:
        super().__init__(library, data, expected)
        self.arrays = library.jpeg_read_coefficients(c.byref(self.info))

    def row(self, component: int, number: int, *, writable: bool = False) -> int:
        """Address of a row of blocks."""
        return _row(self.info, self.arrays[component], number, writable=writable)


def _row(info: Decompress | Compress, array: int | None, number: int, *, writable: bool) -> int:
    rows = memory(info).access_virt_barray(c.addressof(info), array, number, 1, int(writable))
    return int(rows[0])


def cut(library: c.CDLL, picture: Blocks, component: int, rectangle: Rectangle) -> bytes:
    """Returns a rectangle of blocks of one component as a grey JPEG with the same quantisation."""
    left, top, width, height = rectangle
    writer = Writer(library)
    info = writer.info
    info.image_width, info.image_height = width * 8, height * 8
    info.input_components, info.in_color_space = 1, GREYSCALE
    library.jpeg_set_defaults(c.byref(info))
    table = picture.components[component].quant_table
    c.memmove(info.quant_tbl_ptrs[0], table, 128)
    array = memory(info).request_virt_barray(c.addressof(info), IMAGE_POOL, 1, width, height, 1)
    arrays = (c.c_void_p * 1)(array)  # the library keeps this address until the end
    library.jpeg_write_coefficients(c.byref(info), arrays)
    for number in range(height):
        source = picture.row(component, top + number) + left * BLOCK
        c.memmove(_row(info, array, number, writable=True), source, width * BLOCK)
    return writer.finish()


def drop(library: c.CDLL, picture: Blocks, component: int, rectangle: Rectangle, tile: bytes, mask: bytes) -> None:
    """Puts the blocks of a grey JPEG that the mask names into one component."""
    left, top, width, height = rectangle
    part = Picture(library, tile, (width * 8, height * 8, 0, 1, 1, 1))
    for number in range(height):
        source, target = part.row(0, number), picture.row(component, top + number, writable=True) + left * BLOCK
        marks = mask[number * width : (number + 1) * width]
        column = marks.find(1)
        while column >= 0:
            stop = marks.find(0, column)
            stop = width if stop < 0 else stop
            c.memmove(target + column * BLOCK, source + column * BLOCK, (stop - column) * BLOCK)
            column = marks.find(1, stop)
    part.close()


def assemble(library: c.CDLL, picture: Picture, *, optimise: bool) -> bytes:
    """Writes the whole picture from its coefficients."""
    writer = Writer(library)
    info = writer.info
    library.jpeg_copy_critical_parameters(c.byref(picture.info), c.byref(info))
    parts = [info.comp_info[i] for i in range(info.num_components)]
    sampling = [v for part in parts for v in (part.component_id, part.h, part.v)]
    plausible((info.image_width, info.image_height, *sampling), picture.facts()[:2] + picture.facts()[3:])
    info.restart_interval = picture.info.restart_interval
    info.optimize_coding = int(optimise)
    if picture.info.progressive_mode:
        library.jpeg_simple_progression(c.byref(info))
    library.jpeg_write_coefficients(c.byref(info), picture.arrays)
    return writer.finish()
