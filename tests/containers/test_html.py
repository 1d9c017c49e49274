"""Web pages: the harness over every encoding, what is and is not a tag, and what a browser's parser reads."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yinji.containers.html.container import Html
from yinji.containers.html.scan import tokens
from yinji.containers.model import Reading, State
from yinji.containers.source import Source
from yinji.errors import UnsupportedFormat
from yinji.testing import (
    LABEL,
    PROPAGATED,
    Sample,
    applied,
    check_container,
    labelled,
    media_hash,
    reading_of,
    survives,
)

HTML = Html()
JSON = LABEL.to_json()
ESCAPED = JSON.replace('"', "&quot;")
META = f'<meta name="AIGC" content="{ESCAPED}">'
PAGE = "<!DOCTYPE html><html><head><meta charset=utf-8>{}<title>t</title></head><body>{}<p>text</p></body></html>"


class Metas(HTMLParser):
    """What the standard library's parser takes for a label."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        own = dict(attrs)
        if tag == "meta" and (own.get("name") or "").lower() == "aigc":
            self.found.append(own.get("content") or "")


def metas(data: bytes, encoding: str = "utf-8") -> list[str]:
    parser = Metas()
    parser.feed(data.decode(encoding))
    return parser.found


def read(page: str | bytes, *, thorough: bool = False) -> Reading:
    data = page.encode() if isinstance(page, str) else page
    return reading_of(HTML, Sample("x.html", data), thorough=thorough)


FORMS: dict[str, tuple[str, set[str]]] = {
    "double quotes": (PAGE.format(META, ""), set()),
    "single quotes": (PAGE.format(f"<meta content='{JSON}' name='AIGC'/>", ""), set()),
    "no quotes": (PAGE.format(f"<META NAME=AIGC CONTENT={ESCAPED}>", ""), set()),
    "numeric references": (PAGE.format(META.replace("&quot;", "&#34;"), ""), set()),
    "wrapped": (PAGE.format(META.replace("{&quot;L", "{&quot;AIGC&quot;:{&quot;L").replace("}", "}}"), ""), set()),
    "property": (PAGE.format(META.replace("name=", "property="), ""), set()),
    "lower case": (PAGE.format(META.replace("AIGC", "aigc"), ""), {"key-case"}),
    "in the body": (PAGE.format("", META), {"html-body"}),
    "a comment": (PAGE.format("", f"<!-- AIGC: {JSON} -->"), {"html-body", "place"}),
    "behind a script": (PAGE.format('<script>"<!-- <script>" + "</script>"</script>' + META, ""), set()),
}
NOT_TAGS = {
    "a comment around it": f"<!-- {META} -->",
    "a script": f"<script>var x = '{META}';</script>",
    "an escaped script": f"<script><!-- <script> </script> {META} --></script>",
    "a style": f"<style>{META}</style>",
    "a title": f"<title>{META}</title>",
    "an attribute": f"<link title='{META}'>",
    "a text area": f"<textarea>{META}</textarea>",
    "CDATA in a drawing": f"<svg><![CDATA[{META}]]></svg>",
}


def test_harness() -> None:
    doubled = [
        ("two.html", PAGE.format(META, META).encode()),
        ("comment.html", PAGE.format(META, f"<!-- AIGC: {JSON} -->").encode()),
    ]
    check_container(HTML, doubled=doubled, ends_itself=False, mutations=60)


@pytest.mark.parametrize("name", FORMS)
def test_every_form_is_read_and_replaced_by_the_one(name: str) -> None:
    page, problems = FORMS[name]
    (found,) = read(page).found
    assert (found.label, {problem.code for problem in found.problems}) == (LABEL, problems)
    written = labelled(HTML, Sample("x.html", page.encode()), PROPAGATED).data
    assert read(written, thorough=True).found[0].problems == ()
    assert metas(written) == [PROPAGATED.to_json()]
    assert written.count(b"ContentProducer") == 1


@pytest.mark.parametrize("name", NOT_TAGS)
def test_what_is_no_tag_is_no_label(name: str) -> None:
    page = PAGE.format("", NOT_TAGS[name])
    assert read(page).state is State.UNLABELLED
    written = labelled(HTML, Sample("x.html", page.encode())).data
    assert len(read(written).found) == 1
    assert NOT_TAGS[name].encode() in written


@pytest.mark.parametrize(
    ("page", "before"),
    [
        ("<!DOCTYPE html><html><head><title>t</title><meta charset=utf-8><p>x", "<meta charset=utf-8>"),
        ("<!DOCTYPE html><html lang=zh><title>t</title>", "<html lang=zh>"),
        ("<!DOCTYPE html>\n<p>x</p>", "<!DOCTYPE html>"),
        ("<head>\n<title>t</title></head>", "<head>"),
    ],
)
def test_the_label_follows_the_declaration_of_the_encoding(page: str, before: str) -> None:
    written = labelled(HTML, Sample("x.html", page.encode())).data.decode()
    assert written.partition('<meta name="AIGC"')[0].endswith(before)
    assert (
        written.replace(written[written.index('<meta name="AIGC"') :].partition(">")[0] + ">", "").replace(
            " " * 2048, ""
        )
        == page
    )


@pytest.mark.parametrize("encoding", ["gb18030", "big5", "shift_jis", "utf-8-sig", "utf-16", "windows-1252"])
def test_every_encoding_keeps_its_bytes(encoding: str) -> None:
    word = "é" if encoding == "windows-1252" else "中文"
    page = f"<html><head><meta charset={encoding.removesuffix('-sig')}><title>{word}</title></head></html>"
    data = page.encode(encoding)
    written = labelled(HTML, Sample("x.html", data))
    assert metas(written.data, encoding) == [JSON]
    assert word in written.data.decode(encoding)
    assert reading_of(HTML, written).label == LABEL
    assert media_hash(HTML, written.data) == media_hash(HTML, data)


def test_xhtml_without_a_head_is_refused() -> None:
    page = b'<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml"><body/></html>'
    with pytest.raises(UnsupportedFormat):
        labelled(HTML, Sample("x.xhtml", page))


def test_xhtml_stays_well_formed() -> None:
    from xml.etree import ElementTree

    data = next(example.data for example in HTML.examples() if example.name == "strict.xhtml")
    root = ElementTree.fromstring(labelled(HTML, Sample("x.xhtml", data)).data)
    (meta,) = [e for e in root.iter("{http://www.w3.org/1999/xhtml}meta") if e.get("name") == "AIGC"]
    assert meta.get("content") == JSON


def test_an_emptied_value_is_a_trace_of_removal() -> None:
    reading = read(PAGE.format('<meta name="AIGC" content="   ">', ""))
    assert reading.state is State.MALFORMED
    assert [p.code for item in (reading, *reading.found) for p in item.problems] == ["label-emptied"]


def test_credentials_and_the_generator_are_noticed() -> None:
    page = PAGE.format('<meta name=generator content="a tool"><link rel="c2pa-manifest" href="m.c2pa">', "")
    assert [(b.carrier, b.key, b.value) for b in read(page).blocks] == [
        ("html-generator", "generator", "a tool"),
        ("c2pa", "link", b""),
    ]


def test_propagation_is_a_small_write_in_place() -> None:
    written = labelled(HTML, Sample("x.html", PAGE.format("", "").encode()))
    with Source.open(written.data) as source:
        splice = HTML.write(source, PROPAGATED, reading_of(HTML, written), in_place=True)
    assert splice.moves_nothing
    assert sum(len(edit.data) for edit in splice.edits) < 600
    assert read(applied(splice, written.data)).label == PROPAGATED


PIECES = st.sampled_from(
    [
        "<p>",
        "</p>",
        "<!--",
        "-->",
        "<script>",
        "</script>",
        "<title>",
        "</title>",
        '"',
        "'",
        ">",
        "<",
        " a=b",
        META,
        "<svg>",
    ]
)


@given(st.lists(PIECES, max_size=12).map("".join))
def test_any_page_survives(page: str) -> None:
    survives(HTML, page.encode())


@given(st.text("<>!-/ abc='\"[]", max_size=60))
def test_tokens_are_in_order_and_inside(text: str) -> None:
    for is_xml in (False, True):
        at = 0
        for token in tokens(text, is_xml=is_xml):
            assert at <= token.start < token.stop <= len(text)
            at = token.stop
