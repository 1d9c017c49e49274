"""The label on 200 pages of PDF against overlaying a stamp with pikepdf and with pypdf, in one run: CPU ms and ratios.

The pages hold text and a stream each, as an office program exports them. Ours alone keeps every byte of the file.
"""

import argparse
import io
import random
import time
from collections.abc import Callable

import pikepdf
from pypdf import PdfReader, PdfWriter

from yinji.marks.base import MarkRequest
from yinji.marks.pdf.mark import PdfMark

PAGES = 200
BUDGET = 20.0
WORDS = "本文由人工智能生成"


def document() -> bytes:
    """An export of 200 pages of words, some 8 KB of content a page before compression."""
    chance = random.Random(1)
    with pikepdf.new() as pdf:
        font = pdf.make_indirect(pikepdf.Dictionary(Type=pikepdf.Name.Font, Subtype=pikepdf.Name.Type1))
        font.BaseFont = pikepdf.Name.Helvetica
        for _ in range(PAGES):
            pdf.add_blank_page(page_size=(595, 842))
            lines = []
            for row in range(50):
                words = " ".join("".join(chance.choices("abcdefghij", k=6)) for _ in range(14))
                lines.append(f"q 1 0 0 1 0 0 cm BT /F1 9 Tf 50 {780 - 14 * row} Td ({words}) Tj ET Q")
            page = pdf.pages[-1]
            page.Contents = pikepdf.Stream(pdf, "\n".join(lines).encode())
            page.Resources = pikepdf.Dictionary(Font=pikepdf.Dictionary(F1=font))
        out = io.BytesIO()
        pdf.save(out, compress_streams=True, object_stream_mode=pikepdf.ObjectStreamMode.generate)
    return out.getvalue()


def ours(data: bytes) -> bytes:
    out = io.BytesIO()
    PdfMark().draw(io.BytesIO(data), out, MarkRequest(WORDS, "start", 0.0))
    return out.getvalue()


def stamp() -> bytes:
    """The label alone on an empty page, which the others lay over each of theirs."""
    with pikepdf.new() as pdf:
        pdf.add_blank_page(page_size=(595, 842))
        out = io.BytesIO()
        pdf.save(out)
    return ours(out.getvalue())


def by_qpdf(data: bytes, label: bytes) -> bytes:
    with pikepdf.open(io.BytesIO(data)) as pdf, pikepdf.open(io.BytesIO(label)) as over:
        for page in pdf.pages:
            page.add_overlay(over.pages[0])
        out = io.BytesIO()
        pdf.save(out)
    return out.getvalue()


def by_pypdf(data: bytes, label: bytes) -> bytes:
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(data)))
    over = PdfReader(io.BytesIO(label)).pages[0]
    for page in writer.pages:
        page.merge_page(over)
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def seconds(work: Callable[[], bytes], runs: int) -> float:
    taken = []
    for _ in range(runs):
        start = time.process_time()
        work()
        taken.append(time.process_time() - start)
    return sorted(taken)[runs // 2]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=3)
    runs = parser.parse_args().runs
    data, label = document(), stamp()
    mine = seconds(lambda: ours(data), runs)
    each = mine / PAGES * 1000
    word = "kept" if each <= BUDGET else "missed"
    grown = len(ours(data)) - len(data)
    print(
        f"{PAGES} pages, {len(data):,} bytes: {each:.2f} ms a page (budget {BUDGET:g} ms {word}), {grown:,} bytes more"
    )
    for name, work in (("pikepdf", by_qpdf), ("pypdf", by_pypdf)):
        theirs = seconds(lambda work=work: work(data, label), 1)
        print(f"overlay by {name}: {theirs / PAGES * 1000:.2f} ms a page, ours {mine / theirs:.2f}x")


if __name__ == "__main__":
    main()
