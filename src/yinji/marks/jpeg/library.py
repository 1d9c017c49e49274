"""The JPEG library that Pillow brings along, by its structures: jpeglib.h, ABI 6.2 on a 64-bit Unix.

The library refuses structures of another size, and what it fills in is compared with what the caller read from the file
itself. It ends the process when a file breaks its rules, so that nothing but :mod:`yinji.marks.jpeg.worker` loads it.
Needs nothing but the standard library.
"""

from __future__ import annotations

import ctypes as c
import sys
from typing import Any, Final

VERSION: Final = 62
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


REQUEST = c.CFUNCTYPE(c.c_void_p, c.c_void_p, c.c_int, c.c_int, c.c_uint, c.c_uint, c.c_uint)
ACCESS = c.CFUNCTYPE(c.POINTER(c.c_void_p), c.c_void_p, c.c_void_p, c.c_uint, c.c_uint, c.c_int)


class Huffman(c.Structure):
    """A table: how many codes there are of 0 to 16 bits, and their symbols in order."""

    _fields_ = [("bits", c.c_uint8 * 17), ("symbols", c.c_uint8 * 256), ("sent", c.c_int)]


class Source(c.Structure):
    """The head of where bytes come from."""

    _fields_ = [("next_input_byte", c.c_void_p), ("bytes_in_buffer", c.c_size_t)]


class Bits(c.Structure):
    """What the sequential Huffman decoder keeps between two coded units (``jdhuff.c``): bits, and predictors.

    No part of the ABI; where in the decoder it stands depends on the release, see
    :func:`yinji.marks.jpeg.trial.bits_at`.
    """

    _fields_ = [("get_buffer", c.c_size_t), ("bits_left", c.c_int), ("padding", c.c_int), ("last_dc_val", c.c_int * 4)]


class Memory(c.Structure):
    """The head of the library's memory manager: ten functions, of which two are used."""

    _fields_ = [
        ("allocators", c.c_void_p * 5),
        ("request_virt_barray", REQUEST),
        ("realize_virt_arrays", c.c_void_p),
        ("access_virt_sarray", c.c_void_p),
        ("access_virt_barray", ACCESS),
    ]


def load(path: str) -> c.CDLL:
    """Opens the library and declares what is called with anything but pointers."""
    library = c.CDLL(path)
    library.jpeg_std_error.restype = c.c_void_p
    library.jpeg_read_coefficients.restype = c.POINTER(c.c_void_p)
    library.jpeg_mem_src.argtypes = [c.c_void_p, c.c_char_p, c.c_ulong]
    for name in ("jpeg_CreateDecompress", "jpeg_CreateCompress"):
        getattr(library, name).argtypes = [c.c_void_p, c.c_int, c.c_size_t]
    library.jpeg_alloc_huff_table.restype = c.c_void_p
    library.jpeg_set_quality.argtypes = [c.c_void_p, c.c_int, c.c_int]
    return library


def memory(info: Decompress | Compress) -> Memory:
    """The memory manager of a picture."""
    return Memory.from_address(info.mem)


def plausible(found: tuple[int, ...], expected: tuple[int, ...]) -> None:
    """Ends the process unless the structures hold what the file says."""
    if found != expected:
        sys.exit(IMPLAUSIBLE)


class Reader:
    """An open JPEG, its headers read.

    Args:
        library: As :func:`load` opens it.
        data: The file.
        expected: What :meth:`facts` must be.
    """

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
        plausible(self.facts(), expected)

    def facts(self) -> tuple[int, ...]:
        """Width, height, whether progressive; identifier and sampling factors of each component."""
        info = self.info
        sampling = [v for part in self.components for v in (part.component_id, part.h, part.v)]
        return (info.image_width, info.image_height, info.progressive_mode, *sampling)

    @property
    def warnings(self) -> int:
        return int(self._errors.num_warnings)

    def close(self) -> None:
        self._library.jpeg_destroy_decompress(c.byref(self.info))


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
