"""Request bodies, taken piece by piece: forms with files (RFC 7578), plain forms and raw files.

A file is handed on while it arrives and never held in memory as a whole. Bounds on length and pace are
:mod:`yinji.server.body`'s.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final, Protocol
from urllib.parse import parse_qsl, unquote

from python_multipart.exceptions import MultipartParseError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from yinji.errors import LimitExceeded, YinjiError
from yinji.limits import KIB, MIB
from yinji.server.errors import BadRequest, UnsupportedBody

MAX_FILES: Final = 10
_MAX_FIELDS: Final = 32
_MAX_FIELD_BYTES: Final = 128 * KIB
_MAX_HEADER_BYTES: Final = 8 * KIB
_MAX_NAME: Final = 255
_PIECE: Final = 1 * MIB


class Sink(Protocol):
    """Takes one file as it arrives. Both methods block, and are called from a worker thread."""

    def write(self, chunk: bytes) -> None: ...

    def finish(self) -> Any:
        """Ends the file and returns what became of it."""
        ...

    def discard(self) -> None:
        """Lets go of everything; called in any case, after ``finish`` too."""
        ...


OpenSink = Callable[[str], Sink]


@dataclass(frozen=True, slots=True)
class RefusedFile:
    """A file that could not be taken, and why."""

    filename: str
    error: YinjiError


@dataclass(slots=True)
class Form:
    """What a form said.

    Attributes:
        fields: Text fields by name; the last of several counts.
        files: What the sink made of each file, in order.
        refused: Files that could not be taken, where the form is read on all the same.
    """

    fields: dict[str, str] = field(default_factory=dict)
    files: list[Any] = field(default_factory=list)
    refused: list[RefusedFile] = field(default_factory=list)

    def get(self, name: str, default: str = "") -> str:
        return self.fields.get(name, default)


async def receive_form(request: Request, open_sink: OpenSink | None = None, *, lenient: bool = False) -> Form:
    """Reads a form while it arrives.

    Args:
        request: With a body of ``multipart/form-data`` or ``application/x-www-form-urlencoded``.
        open_sink: Gives a sink for a file of that name; without it files are refused.
        lenient: Notes a file that cannot be taken and reads on, so that what else was typed is not lost.

    Raises:
        UnsupportedBody: Another media type.
        BadRequest: The body breaks the rules of its type.
        LimitExceeded: Too many or too long fields, or too many files.
    """
    boundary = _boundary(request)
    if boundary is None:
        return _plain_form(await request.body())
    reader = _FormReader(boundary, open_sink, lenient)
    try:
        async for piece in _pieces(request):
            await run_in_threadpool(reader.feed, piece)
        reader.end()
    finally:
        await run_in_threadpool(reader.close)
    return reader.form


def read_form(request: Request, body: bytes, open_sink: OpenSink | None = None) -> Form:
    """Reads a form whose body is here already. Blocks; raises as :func:`receive_form` does."""
    boundary = _boundary(request)
    if boundary is None:
        return _plain_form(body)
    reader = _FormReader(boundary, open_sink, lenient=False)
    try:
        reader.feed(body)
        reader.end()
    finally:
        reader.close()
    return reader.form


async def small_body(request: Request) -> bytes | None:
    """Returns a body that is announced to be small; None where it is large or of unknown length."""
    announced = request.headers.get("content-length", "")
    if not announced.isdigit() or int(announced) > _PIECE:
        return None
    return await request.body()


def _boundary(request: Request) -> bytes | None:
    """Returns what parts a form with files; None for a plain form."""
    media_type, parameters = parse_options_header(request.headers.get("content-type", ""))
    if media_type == b"application/x-www-form-urlencoded":
        return None
    if media_type != b"multipart/form-data" or not parameters.get(b"boundary"):
        raise UnsupportedBody("body-type", type=media_type.decode("latin-1"))
    return parameters[b"boundary"]


async def _pieces(request: Request) -> AsyncIterator[bytes]:
    """Yields a body in few large pieces, for each of them is a visit to a worker thread."""
    waiting = bytearray()
    async for chunk in request.stream():
        waiting += chunk
        if len(waiting) >= _PIECE:
            yield bytes(waiting)
            waiting.clear()
    if waiting:
        yield bytes(waiting)


async def receive_file(request: Request, filename: str, sink: Sink) -> Any:
    """Hands a raw body to ``sink`` while it arrives, and returns what became of it.

    Raises:
        BadRequest: The body is empty.
    """
    empty = True
    try:
        async for piece in _pieces(request):
            empty = False
            await run_in_threadpool(sink.write, piece)
        if empty:
            raise BadRequest("empty-file", filename=filename)
        return await run_in_threadpool(sink.finish)
    finally:
        await run_in_threadpool(sink.discard)


def read_file(body: bytes, filename: str, sink: Sink) -> Any:
    """Does the same with a body that is here already. Blocks."""
    try:
        if not body:
            raise BadRequest("empty-file", filename=filename)
        sink.write(body)
        return sink.finish()
    finally:
        sink.discard()


def raw_filename(request: Request) -> str:
    """Returns the file name that came beside a raw body: Content-Disposition (RFC 6266), else ``?filename=``."""
    _, parameters = parse_options_header(request.headers.get("content-disposition", ""))
    extended = parameters.get(b"filename*", b"").decode("latin-1")
    if extended.lower().startswith("utf-8''"):
        return clean_name(unquote(extended[7:]))
    return clean_name(_text(parameters.get(b"filename", b"")) or request.query_params.get("filename", ""))


def clean_name(name: str) -> str:
    """Returns the last part of a file name as a client sent it, without anything that cannot be shown."""
    last = name.replace("\\", "/").rsplit("/", 1)[-1]
    return "".join(c for c in last if c.isprintable()).strip()[-_MAX_NAME:]


def _plain_form(body: bytes) -> Form:
    try:
        pairs = parse_qsl(body.decode("utf-8"), keep_blank_values=True, max_num_fields=_MAX_FIELDS)
    except ValueError as error:
        raise BadRequest("request-invalid", where="body") from error
    return Form(dict(pairs))


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "replace")


class _FormReader:
    """Drives the multipart parser, whose callbacks only take notes, and acts on them between two pieces. Blocks."""

    def __init__(self, boundary: bytes, open_sink: OpenSink | None, lenient: bool) -> None:
        self.form = Form()
        self._open_sink = open_sink
        self._lenient = lenient
        self._notes: list[tuple[str, bytes]] = []
        self._ended = False
        self._header_name = b""
        self._header_value = b""
        self._disposition = b""
        self._field = ""
        self._value = bytearray()
        self._fields = 0
        self._filename = ""
        self._is_file = False
        self._sink: Sink | None = None
        self._size = 0
        callbacks: Any = {
            "on_part_begin": lambda: self._note("begin"),
            "on_header_field": lambda data, start, end: self._note("name", data[start:end]),
            "on_header_value": lambda data, start, end: self._note("value", data[start:end]),
            "on_header_end": lambda: self._note("header"),
            "on_headers_finished": lambda: self._note("headers"),
            "on_part_data": lambda data, start, end: self._note("data", data[start:end]),
            "on_part_end": lambda: self._note("end"),
            "on_end": lambda: self._note("close"),
        }
        self._parser = MultipartParser(boundary, callbacks)

    def _note(self, kind: str, data: bytes = b"") -> None:
        self._notes.append((kind, data))

    def feed(self, chunk: bytes) -> None:
        try:
            self._parser.write(chunk)
        except MultipartParseError as error:
            raise BadRequest("request-invalid", where="multipart") from error
        notes, self._notes = self._notes, []
        for kind, data in notes:
            self._act(kind, data)

    def end(self) -> None:
        if not self._ended:
            raise BadRequest("request-invalid", where="multipart")

    def close(self) -> None:
        if self._sink is not None:
            self._sink.discard()
            self._sink = None

    def _act(self, kind: str, data: bytes) -> None:
        match kind:
            case "begin":
                self._disposition = b""
            case "name":
                self._header_name = self._bounded(self._header_name + data)
            case "value":
                self._header_value = self._bounded(self._header_value + data)
            case "header":
                if self._header_name.lower() == b"content-disposition":
                    self._disposition = self._header_value
                self._header_name = self._header_value = b""
            case "headers":
                self._open_part()
            case "data":
                self._take(data)
            case "end":
                self._close_part()
            case "close":
                self._ended = True

    def _bounded(self, header: bytes) -> bytes:
        if len(header) > _MAX_HEADER_BYTES:
            raise LimitExceeded("form-too-large")
        return header

    def _open_part(self) -> None:
        _, parameters = parse_options_header(self._disposition)
        self._field = _text(parameters.get(b"name", b""))
        self._value = bytearray()
        self._is_file = b"filename" in parameters
        self._fields += 1
        if self._fields > _MAX_FIELDS:
            raise LimitExceeded("form-too-large")
        if not self._is_file:
            return
        self._filename = clean_name(_text(parameters[b"filename"]))
        if self._open_sink is None or len(self.form.files) >= MAX_FILES:
            raise LimitExceeded("too-many-files", limit=MAX_FILES)
        self._sink = self._open_sink(self._filename)
        self._size = 0

    def _take(self, data: bytes) -> None:
        if self._sink is not None:
            self._size += len(data)
            self._guarded(partial(self._sink.write, data))
            return
        if self._is_file:
            return
        self._value += data
        if len(self._value) > _MAX_FIELD_BYTES:
            raise LimitExceeded("form-too-large")

    def _close_part(self) -> None:
        if not self._is_file:
            self.form.fields[self._field] = _text(bytes(self._value))
        elif self._sink is not None:
            self._guarded(partial(self._finish, self._sink))
        self.close()

    def _finish(self, sink: Sink) -> None:
        if self._size:
            self.form.files.append(sink.finish())
        elif self._filename:
            raise BadRequest("empty-file", filename=self._filename)

    def _guarded(self, work: Callable[[], None]) -> None:
        """Does work on the file of this part; if it fails and the form is read leniently, lets go of the file."""
        try:
            work()
        except YinjiError as error:
            if not self._lenient:
                raise
            self.form.refused.append(RefusedFile(self._filename, error))
            self.close()
