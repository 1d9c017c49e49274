"""Changes single blocks of a JPEG without touching the others: run as a process of its own, on standard streams.

The JPEG library ends the process when a file breaks its rules. That is why this is a process, and why it needs
nothing but the standard library and the path of the JPEG library that Pillow brings along::

    python -I -S worker.py LIBRARY

Messages in both directions are a list of byte strings, each preceded by its length (32 bit, little-endian), preceded
by their number. ``read`` takes a JPEG and one rectangle of blocks a component and answers with each rectangle as a
grey JPEG; ``write`` takes them back, painted, with one byte a block that says whether to take it, and answers with the
whole JPEG. Layouts are those of jpeglib.h, ABI 6.2 on a 64-bit Unix; the library refuses structures of another size,
and what it fills in is compared with what the caller read from the file itself.
"""

from __future__ import annotations

import ctypes as c
import struct
import sys
from typing import IO, Any, Final

VERSION: Final = 62
MOST_MEMORY: Final = 4 << 30
BLOCK: Final = 128
"""Bytes of a block: 64 coefficients of 16 bits."""
GREYSCALE: Final = 1
IMAGE_POOL: Final = 1
IMPLAUSIBLE: Final = 3
"""Exit status when the structures do not hold what the file says."""

_COMMON: list[tuple[str, Any]] = [
    ("err", c.c_void_p),
    ("mem", c.c_void_p),
    ("progress", c.c_void_p),
    ("client_data", c.c_void_p),
    ("is_decompressor", c.c_int),
    ("global_state", c.c_int),
]
_ARITHMETIC: list[tuple[str, Any]] = [("arith", c.c_uint8 * 48)]
_POINTERS_4 = c.c_void_p * 4


class Errors(c.Structure):
    _fields_ = [
        ("handlers", c.c_void_p * 5),
        ("msg_code", c.c_int),
        ("msg_parm", c.c_char * 80),
        ("trace_level", c.c_int),
        ("num_warnings", c.c_long),
        ("tables", c.c_void_p * 8),
    ]


class Quantisation(c.Structure):
    _fields_ = [("values", c.c_uint16 * 64), ("sent", c.c_int)]


class Component(c.Structure):
    _fields_ = [
        ("component_id", c.c_int),
        ("component_index", c.c_int),
        ("h", c.c_int),
        ("v", c.c_int),
        ("quant_tbl_no", c.c_int),
        ("dc_tbl_no", c.c_int),
        ("ac_tbl_no", c.c_int),
        ("width_in_blocks", c.c_uint),
        ("height_in_blocks", c.c_uint),
        ("dct_scaled_size", c.c_int),
        ("downsampled_width", c.c_uint),
        ("downsampled_height", c.c_uint),
        ("needed", c.c_int),
        ("mcu", c.c_int * 6),
        ("quant_table", c.POINTER(Quantisation)),
        ("dct_table", c.c_void_p),
    ]


class Decompress(c.Structure):
    _fields_ = [
        *_COMMON,
        ("src", c.c_void_p),
        ("image_width", c.c_uint),
        ("image_height", c.c_uint),
        ("num_components", c.c_int),
        ("jpeg_color_space", c.c_int),
        ("out_color_space", c.c_int),
        ("scale", c.c_uint * 2),
        ("output_gamma", c.c_double),
        ("options", c.c_int * 12),
        ("output", c.c_int * 5),
        ("actual_number_of_colors", c.c_int),
        ("colormap", c.c_void_p),
        ("progress_counts", c.c_int * 5),
        ("coef_bits", c.c_void_p),
        ("quant_tbl_ptrs", _POINTERS_4),
        ("dc_huff_tbl_ptrs", _POINTERS_4),
        ("ac_huff_tbl_ptrs", _POINTERS_4),
        ("data_precision", c.c_int),
        ("comp_info", c.POINTER(Component)),
        ("progressive_mode", c.c_int),
        ("arith_code", c.c_int),
        *_ARITHMETIC,
        ("restart_interval", c.c_uint),
        ("saw_jfif", c.c_int),
        ("jfif", c.c_uint8 * 8),
        ("saw_adobe", c.c_int),
        ("adobe_transform", c.c_uint8),
        ("ccir601", c.c_int),
        ("marker_list", c.c_void_p),
        ("max_sampling", c.c_int * 2),
        ("min_dct_scaled_size", c.c_int),
        ("total_imcu_rows", c.c_uint),
        ("sample_range_limit", c.c_void_p),
        ("comps_in_scan", c.c_int),
        ("cur_comp_info", _POINTERS_4),
        ("mcus", c.c_uint * 2),
        ("blocks_in_mcu", c.c_int),
        ("mcu_membership", c.c_int * 10),
        ("scan", c.c_int * 4),
        ("unread_marker", c.c_int),
        ("modules", c.c_void_p * 11),
    ]


class Compress(c.Structure):
    _fields_ = [
        *_COMMON,
        ("dest", c.c_void_p),
        ("image_width", c.c_uint),
        ("image_height", c.c_uint),
        ("input_components", c.c_int),
        ("in_color_space", c.c_int),
        ("input_gamma", c.c_double),
        ("data_precision", c.c_int),
        ("num_components", c.c_int),
        ("jpeg_color_space", c.c_int),
        ("comp_info", c.POINTER(Component)),
        ("quant_tbl_ptrs", c.POINTER(Quantisation) * 4),
        ("dc_huff_tbl_ptrs", _POINTERS_4),
        ("ac_huff_tbl_ptrs", _POINTERS_4),
        *_ARITHMETIC,
        ("num_scans", c.c_int),
        ("scan_info", c.c_void_p),
        ("raw_data_in", c.c_int),
        ("arith_code", c.c_int),
        ("optimize_coding", c.c_int),
        ("ccir601", c.c_int),
        ("smoothing_factor", c.c_int),
        ("dct_method", c.c_int),
        ("restart_interval", c.c_uint),
        ("restart_in_rows", c.c_int),
        ("write_jfif", c.c_int),
        ("jfif", c.c_uint8 * 8),
        ("write_adobe", c.c_int),
        ("next_scanline", c.c_uint),
        ("progressive_mode", c.c_int),
        ("max_sampling", c.c_int * 2),
        ("total_imcu_rows", c.c_uint),
        ("comps_in_scan", c.c_int),
        ("cur_comp_info", _POINTERS_4),
        ("mcus", c.c_uint * 2),
        ("blocks_in_mcu", c.c_int),
        ("mcu_membership", c.c_int * 10),
        ("scan", c.c_int * 4),
        ("modules", c.c_void_p * 9),
        ("script_space", c.c_void_p),
        ("script_space_size", c.c_int),
    ]


_REQUEST = c.CFUNCTYPE(c.c_void_p, c.c_void_p, c.c_int, c.c_int, c.c_uint, c.c_uint, c.c_uint)
_ACCESS = c.CFUNCTYPE(c.POINTER(c.c_void_p), c.c_void_p, c.c_void_p, c.c_uint, c.c_uint, c.c_int)


class Memory(c.Structure):
    """The head of the library's memory manager: ten functions, of which two are used."""

    _fields_ = [
        ("allocators", c.c_void_p * 5),
        ("request_virt_barray", _REQUEST),
        ("realize_virt_arrays", c.c_void_p),
        ("access_virt_sarray", c.c_void_p),
        ("access_virt_barray", _ACCESS),
    ]


Rectangle = tuple[int, int, int, int]


def load(path: str) -> c.CDLL:
    """Opens the library and declares what is called with anything but pointers."""
    library = c.CDLL(path)
    library.jpeg_std_error.restype = c.c_void_p
    library.jpeg_read_coefficients.restype = c.POINTER(c.c_void_p)
    library.jpeg_mem_src.argtypes = [c.c_void_p, c.c_char_p, c.c_ulong]
    for name in ("jpeg_CreateDecompress", "jpeg_CreateCompress"):
        getattr(library, name).argtypes = [c.c_void_p, c.c_int, c.c_size_t]
    library.jpeg_set_quality.argtypes = [c.c_void_p, c.c_int, c.c_int]
    return library


class Picture:
    """An open JPEG whose coefficients are in memory."""

    def __init__(self, library: c.CDLL, data: bytes, expected: tuple[int, ...]) -> None:
        self._library = library
        self._data = data
        self._errors = Errors()
        self.info = Decompress()
        self.info.err = library.jpeg_std_error(c.byref(self._errors))
        library.jpeg_CreateDecompress(c.byref(self.info), VERSION, c.sizeof(Decompress))
        library.jpeg_mem_src(c.byref(self.info), data, len(data))
        library.jpeg_read_header(c.byref(self.info), 1)
        self.components = [self.info.comp_info[i] for i in range(self.info.num_components)]
        _plausible(self.facts(), expected)
        self.arrays = library.jpeg_read_coefficients(c.byref(self.info))

    def facts(self) -> tuple[int, ...]:
        info = self.info
        sampling = [v for part in self.components for v in (part.component_id, part.h, part.v)]
        return (info.image_width, info.image_height, info.progressive_mode, *sampling)

    @property
    def warnings(self) -> int:
        return int(self._errors.num_warnings)

    def row(self, component: int, number: int, *, writable: bool = False) -> int:
        """Address of a row of blocks."""
        return _row(self.info, self.arrays[component], number, writable=writable)

    def close(self) -> None:
        self._library.jpeg_destroy_decompress(c.byref(self.info))


def _plausible(found: tuple[int, ...], expected: tuple[int, ...]) -> None:
    if found != expected:
        sys.exit(IMPLAUSIBLE)


def _memory(info: Decompress | Compress) -> Memory:
    return Memory.from_address(info.mem)


def _row(info: Decompress | Compress, array: int | None, number: int, *, writable: bool) -> int:
    rows = _memory(info).access_virt_barray(c.addressof(info), array, number, 1, int(writable))
    return int(rows[0])


class Writer:
    """A JPEG being written to memory."""

    def __init__(self, library: c.CDLL) -> None:
        self._library = library
        self._errors = Errors()
        self._buffer = c.c_void_p()
        self._size = c.c_ulong()
        self.info = Compress()
        self.info.err = library.jpeg_std_error(c.byref(self._errors))
        library.jpeg_CreateCompress(c.byref(self.info), VERSION, c.sizeof(Compress))
        library.jpeg_mem_dest(c.byref(self.info), c.byref(self._buffer), c.byref(self._size))

    def finish(self) -> bytes:
        self._library.jpeg_finish_compress(c.byref(self.info))
        data = c.string_at(self._buffer, self._size.value)
        self._library.jpeg_destroy_compress(c.byref(self.info))
        free = c.CDLL(None).free
        free.argtypes = [c.c_void_p]
        free(self._buffer)
        return data


def cut(library: c.CDLL, picture: Picture, component: int, rectangle: Rectangle) -> bytes:
    """Returns a rectangle of blocks of one component as a grey JPEG with the same quantisation."""
    left, top, width, height = rectangle
    writer = Writer(library)
    info = writer.info
    info.image_width, info.image_height = width * 8, height * 8
    info.input_components, info.in_color_space = 1, GREYSCALE
    library.jpeg_set_defaults(c.byref(info))
    table = picture.components[component].quant_table
    c.memmove(info.quant_tbl_ptrs[0], table, 128)
    array = _memory(info).request_virt_barray(c.addressof(info), IMAGE_POOL, 1, width, height, 1)
    arrays = (c.c_void_p * 1)(array)  # the library keeps this address until the end
    library.jpeg_write_coefficients(c.byref(info), arrays)
    for number in range(height):
        source = picture.row(component, top + number) + left * BLOCK
        c.memmove(_row(info, array, number, writable=True), source, width * BLOCK)
    return writer.finish()


def drop(library: c.CDLL, picture: Picture, component: int, rectangle: Rectangle, tile: bytes, mask: bytes) -> None:
    """Puts the blocks of a grey JPEG that the mask names into one component."""
    left, top, width, height = rectangle
    part = Picture(library, tile, (width * 8, height * 8, 0, 1, 1, 1))
    for number in range(height):
        source, target = part.row(0, number), picture.row(component, top + number, writable=True) + left * BLOCK
        for column in range(width):
            if mask[number * width + column]:
                c.memmove(target + column * BLOCK, source + column * BLOCK, BLOCK)
    part.close()


def assemble(library: c.CDLL, picture: Picture, *, optimise: bool) -> bytes:
    """Writes the whole picture from its coefficients."""
    writer = Writer(library)
    info = writer.info
    library.jpeg_copy_critical_parameters(c.byref(picture.info), c.byref(info))
    parts = [info.comp_info[i] for i in range(info.num_components)]
    sampling = [v for part in parts for v in (part.component_id, part.h, part.v)]
    _plausible((info.image_width, info.image_height, *sampling), picture.facts()[:2] + picture.facts()[3:])
    info.restart_interval = picture.info.restart_interval
    info.optimize_coding = int(optimise)
    if picture.info.progressive_mode:
        library.jpeg_simple_progression(c.byref(info))
    library.jpeg_write_coefficients(c.byref(info), picture.arrays)
    return writer.finish()


def receive(stream: IO[bytes]) -> list[bytes]:
    """Reads one message; an empty list at the end of the stream."""
    head = stream.read(4)
    if len(head) < 4:
        return []
    parts = []
    for _ in range(struct.unpack("<I", head)[0]):
        (length,) = struct.unpack("<I", stream.read(4))
        parts.append(stream.read(length))
    return parts


def send(stream: IO[bytes], parts: list[bytes]) -> None:
    """Writes one message."""
    stream.write(struct.pack("<I", len(parts)))
    for part in parts:
        stream.write(struct.pack("<I", len(part)))
        stream.write(part)
    stream.flush()


def serve(library: c.CDLL, requests: IO[bytes], answers: IO[bytes]) -> None:
    """Answers pairs of ``read`` and ``write`` until the stream ends. A ``read`` with warnings is answered by none."""
    while request := receive(requests):
        data, numbers = request
        count, optimise, *rest = struct.unpack(f"<{len(numbers) // 4}i", numbers)
        expected, flat = tuple(rest[: 3 + 3 * count]), rest[3 + 3 * count :]
        boxes: list[Rectangle] = [(flat[i], flat[i + 1], flat[i + 2], flat[i + 3]) for i in range(0, 4 * count, 4)]
        picture = Picture(library, data, expected)
        if picture.warnings:
            picture.close()
            send(answers, [])
            continue
        send(answers, [cut(library, picture, i, box) for i, box in enumerate(boxes)])
        painted = receive(requests)
        if painted:
            for i, box in enumerate(boxes):
                drop(library, picture, i, box, painted[2 * i], painted[2 * i + 1])
            send(answers, [assemble(library, picture, optimise=bool(optimise))])
        picture.close()


def main() -> None:
    """Serves standard input, within a bound on memory."""
    import resource

    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
    serve(load(sys.argv[1]), sys.stdin.buffer, sys.stdout.buffer)


if __name__ == "__main__":
    main()
