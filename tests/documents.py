"""Real documents made by other people's libraries, and what other programs read in them."""

from __future__ import annotations

import io
import os
import subprocess
import zipfile
from functools import cache
from pathlib import Path

import oracles

OFFICE = ("docx", "xlsx", "pptx")
OPEN = ("odt", "ods", "odp")


@cache
def office(kind: str) -> bytes:
    """A document with text, saved by python-docx, openpyxl or python-pptx."""
    out = io.BytesIO()
    {"docx": _docx, "xlsx": _xlsx, "pptx": _pptx}[kind](out)
    return out.getvalue()


def _docx(out: io.BytesIO) -> None:
    import docx

    document = docx.Document()
    document.add_heading("标题")
    document.add_paragraph("A paragraph of words. " * 40)
    document.core_properties.author = "作者"
    document.save(out)


def _xlsx(out: io.BytesIO) -> None:
    import openpyxl
    from openpyxl.packaging.custom import IntProperty, StringProperty

    book = openpyxl.Workbook()
    book.active.append(["数", 1, 2.5])
    book.custom_doc_props.append(StringProperty(name="Project", value="项目 <A>"))
    book.custom_doc_props.append(IntProperty(name="Pages", value=3))
    book.save(out)


def _pptx(out: io.BytesIO) -> None:
    import pptx

    show = pptx.Presentation()
    show.slides.add_slide(show.slide_layouts[0]).shapes.title.text = "题目"
    show.save(out)


def converted(paths: list[Path], ending: str, directory: Path) -> dict[str, Path]:
    """Has LibreOffice open files and save them in another format, all in one run; returns the results by stem."""
    profile = directory / "profile"
    command = ["soffice", f"-env:UserInstallation={profile.as_uri()}", "--headless", "--convert-to", ending]
    done = subprocess.run(
        [*command, "--outdir", str(directory), *map(str, paths)],
        env=os.environ | {"LC_ALL": "C.UTF-8"},  # names of files are in no other encoding, whatever the locale
        capture_output=True,
        text=True,
        timeout=110,
    )
    assert done.returncode == 0, done.stderr
    return {path.stem: directory / f"{path.stem}.{ending}" for path in paths}


def entries(data: bytes) -> dict[str, tuple[int, int, int]]:
    """Checksum, packed size and method of every part, according to the standard library."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.testzip() is None
        return {info.filename: (info.CRC, info.compress_size, info.compress_type) for info in archive.infolist()}


def part(data: bytes, name: str) -> bytes:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return archive.read(name)


def repacked(data: bytes, changes: dict[str, bytes | None]) -> bytes:
    """The archive with parts replaced, added, or (None) left out."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w") as new:
        for info in old.infolist():
            content = changes.get(info.filename, old.read(info))
            if content is not None:
                new.writestr(info, content, info.compress_type)
        for name, content in changes.items():
            if content is not None and name not in old.namelist():
                new.writestr(name, content)
    return out.getvalue()


def unzip_accepts(path: Path) -> bool:
    """Whether Info-ZIP finds every part sound and says nothing else."""
    return b"No errors detected" in oracles.run("unzip", "-t", path)
