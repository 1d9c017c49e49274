"""Office documents with what a label must cope with."""

from __future__ import annotations

import io
from functools import cache


@cache
def rich(kind: str) -> bytes:
    """Documents with sections and headers of all types; with charts and headers; with slides on dark ground."""
    out = io.BytesIO()
    {"docx": _docx, "xlsx": _xlsx, "pptx": _pptx}[kind](out)
    return out.getvalue()


def _docx(out: io.BytesIO) -> None:
    import docx
    from docx.enum.section import WD_SECTION

    document = docx.Document()
    document.add_paragraph("one " * 300)
    second = document.add_section(WD_SECTION.NEW_PAGE)
    second.different_first_page_header_footer = True
    document.settings.odd_and_even_pages_header_footer = True
    document.add_paragraph("two " * 300)
    third = document.add_section(WD_SECTION.NEW_PAGE)
    third.header.is_linked_to_previous = False
    third.header.paragraphs[0].text = "A header of its own"
    document.add_paragraph("three " * 900)
    document.save(out)


def _xlsx(out: io.BytesIO) -> None:
    import openpyxl
    from openpyxl.chart import BarChart, Reference

    book = openpyxl.Workbook()
    first = book.active
    for row in range(30):
        first.append([f"r{row}c{column}" for column in range(4)])
    first.oddHeader.left.text, first.oddHeader.right.text = "Left", "Right & more"
    first.merge_cells("A1:B1")
    first.auto_filter.ref = "A1:D30"
    first.HeaderFooter.differentFirst = True
    first.firstHeader.center.text = "First"
    second = book.create_sheet("two")
    for row in range(8):
        second.append([row, row * row])
    chart = BarChart()
    chart.add_data(Reference(second, min_col=2, min_row=1, max_row=8))
    second.add_chart(chart, "E5")
    book.create_sheet("empty")
    book.create_chartsheet("chart").add_chart(BarChart())
    book.save(out)


def _pptx(out: io.BytesIO) -> None:
    import pptx
    from pptx.dml.color import RGBColor

    show = pptx.Presentation()
    for number in range(2):
        slide = show.slides.add_slide(show.slide_layouts[5])
        slide.shapes.title.text = f"题目 {number}"
        slide.background.fill.solid()
        slide.background.fill.fore_color.rgb = RGBColor(20, 20, 60)
    show.save(out)
