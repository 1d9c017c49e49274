"""PDF files as real producers make them."""

from __future__ import annotations

import io
import subprocess
import zlib
from functools import cache
from pathlib import Path
from typing import Any

import samples
from oracles import run

PAGE = (
    "<meta charset=utf-8><title>一页 (page)</title><h1>Generated 生成</h1>"
    "<p>text<div style='width:9em;background:#ace'>box</div>"
)


@cache
def chromium() -> bytes:
    """A page printed by a browser (Skia/PDF)."""
    folder = samples.directory() / "chromium"
    folder.mkdir(exist_ok=True)
    page, out = folder / "page.html", folder / "page.pdf"
    page.write_text(PAGE, "utf-8")
    command = (
        "chromium",
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--no-first-run",
        "--disable-background-networking",
    )
    options = (
        f"--user-data-dir={folder / 'profile'}",
        "--no-pdf-header-footer",
        f"--print-to-pdf={out}",
        page.as_uri(),
    )
    subprocess.run((*command, *options), check=True, capture_output=True, timeout=60)
    return out.read_bytes()


@cache
def pikepdf(*, with_xmp: bool = True, streams: str = "disable") -> bytes:
    """Two pages saved by qpdf's library, with an information dictionary and an XMP packet."""
    import pikepdf as library

    with library.new() as pdf:
        for number in range(2):
            pdf.add_blank_page(page_size=(200, 150 + number))
            content = b"0.2 0.4 0.8 rg 20 20 %d 60 re f" % (50 + number)
            pdf.pages[number].Contents = library.Stream(pdf, content)
        pdf.docinfo["/Keywords"] = "a, b"
        pdf.docinfo["/Trapped"] = library.Name("/False")
        if with_xmp:
            with pdf.open_metadata(set_pikepdf_as_editor=False) as metadata:
                metadata["dc:title"] = "标题"
        pdf.docinfo["/Title"] = "标题 (一) \\ end"
        out = io.BytesIO()
        mode = getattr(library.ObjectStreamMode, streams)
        pdf.save(out, object_stream_mode=mode, static_id=True)
    return out.getvalue()


@cache
def pypdf() -> bytes:
    """A page written by pypdf, without an XMP packet."""
    from pypdf import PdfWriter

    writer = PdfWriter()
    writer.add_blank_page(120, 80)
    writer.add_metadata({"/Title": "中文", "/Custom": "value"})
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


@cache
def without_info() -> bytes:
    """A page of a writer that leaves the information dictionary out."""
    import pikepdf as library

    with library.new() as pdf:
        pdf.add_blank_page(page_size=(90, 90))
        out = io.BytesIO()
        pdf.save(out, static_id=True)
    return out.getvalue()


@cache
def qpdf(*options: str, data: bytes = b"") -> bytes:
    """A file as qpdf rewrites it."""
    folder = samples.directory()
    source, out = folder / "qpdf-in.pdf", folder / "qpdf-out.pdf"
    source.write_bytes(data or pikepdf())
    run("qpdf", "--static-id", "--allow-weak-crypto", *options, source, out)
    return out.read_bytes()


ENCRYPTIONS: dict[str, tuple[str, ...]] = {
    "rc4-40": ("--encrypt", "", "owner", "40", "--"),
    "rc4-128": ("--encrypt", "", "owner", "128", "--use-aes=n", "--"),
    "rc4-128-v4": ("--encrypt", "", "owner", "128", "--force-V4", "--"),
    "aes-128": ("--encrypt", "", "owner", "128", "--use-aes=y", "--"),
    "aes-128-plain-xmp": ("--encrypt", "", "owner", "128", "--use-aes=y", "--cleartext-metadata", "--"),
    "aes-256-r5": ("--encrypt", "", "owner", "256", "--force-R5", "--"),
    "aes-256": ("--encrypt", "", "owner", "256", "--modify=none", "--"),
    "aes-256-streams": ("--object-streams=generate", "--encrypt", "", "owner", "256", "--"),
    "rc4-128-streams": ("--object-streams=generate", "--encrypt", "", "owner", "128", "--use-aes=n", "--"),
}


def encrypted(kind: str) -> bytes:
    """A file that everyone may open and whose strings are enciphered."""
    return qpdf(*ENCRYPTIONS[kind])


def producers() -> dict[str, bytes]:
    """Every unencrypted kind."""
    return {
        "chromium": chromium(),
        "pikepdf": pikepdf(),
        "pikepdf-streams": pikepdf(streams="generate"),
        "pypdf": pypdf(),
        "without-info": without_info(),
        "linearized": qpdf("--linearize"),
        "linearized-streams": qpdf("--linearize", "--object-streams=generate"),
        "hybrid": hybrid(),
        "junk-in-front": b"\r\n\r\nHTTP junk\r\n" + pikepdf(),
        "junk-behind": pikepdf() + b"\r\n\r\n" + b"\0" * 6000,
    }


def hybrid(*, beside: bool = False) -> bytes:
    """A classic table that hides objects, which a cross-reference stream lists (ISO 32000-1, 7.5.8.4).

    Word names the stream in a later section with an empty table; the standard's text has it ``beside`` the table.
    """
    info = b"<< /Title (hidden) >>"
    packed = zlib.compress(b"5 0 " + info)
    bodies = {
        1: b"<< /Type /Catalog /Pages 2 0 R >>",
        2: b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        3: b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 99 99] >>",
        4: b"<< /Type /ObjStm /N 1 /First 4 /Filter /FlateDecode /Length %d >>\nstream\n%s\nendstream"
        % (len(packed), packed),
    }
    out, at = b"%PDF-1.5\n", {}
    for number, body in bodies.items():
        at[number] = len(out)
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    at[6] = len(out)
    rows = b"\2\0\4\0" + b"\1" + at[6].to_bytes(2, "big") + b"\0"
    entries = b"/Type /XRef /W [1 2 1] /Index [5 2] /Size 7 /Length %d" % len(rows)
    out += b"6 0 obj\n<< %s >>\nstream\n%s\nendstream\nendobj\n" % (entries, rows)
    start = len(out)
    table = b"".join(b"%010d 00000 n\r\n" % at[number] for number in (1, 2, 3, 4))
    out += b"xref\n0 7\n0000000005 65535 f\r\n%s0000000006 65535 f\r\n0000000000 65535 f\r\n" % table
    common = b"/Size 7 /Root 1 0 R /Info 5 0 R"
    hidden = b" /XRefStm %d" % at[6]
    out += b"trailer\n<< %s%s >>\nstartxref\n%d\n%%%%EOF\n" % (common, hidden if beside else b"", start)
    if beside:
        return out
    trailer = b"<< %s%s /Prev %d >>" % (common, hidden, start)
    return out + b"xref\n0 0\ntrailer\n%s\nstartxref\n%d\n%%%%EOF\n" % (trailer, len(out))


def signer() -> Any:
    """A signer with a certificate of its own making."""
    from datetime import UTC, datetime, timedelta

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID
    from pyhanko.sign import signers

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Example Signer")])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = (
        builder.serial_number(4711).not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=9))
    )
    usage = x509.KeyUsage(True, True, False, False, False, True, False, False, False)
    certificate = builder.add_extension(usage, critical=True).sign(key, hashes.SHA256())
    password = b"secret"
    store = serialization.pkcs12.serialize_key_and_certificates(
        b"x", key, certificate, None, serialization.BestAvailableEncryption(password)
    )
    return signers.SimpleSigner.load_pkcs12_data(store, other_certs=[], passphrase=password)


def signed(data: bytes, by: Any, *, permission: int = 0, name: str = "Signature1") -> bytes:
    """Signs by an incremental update; ``permission`` certifies (ISO 32000-1, table 254)."""
    from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
    from pyhanko.sign import fields, signers

    certification = {"certify": True, "docmdp_permissions": fields.MDPPerm(permission)} if permission else {}
    metadata = signers.PdfSignatureMetadata(field_name=name, **certification)
    out = signers.sign_pdf(IncrementalPdfFileWriter(io.BytesIO(data)), metadata, signer=by)
    return bytes(out.getvalue())


def statuses(data: bytes, by: Any) -> list[Any]:
    """How pyHanko judges every signature."""
    from pyhanko.pdf_utils.reader import PdfFileReader
    from pyhanko.sign.validation import validate_pdf_signature
    from pyhanko_certvalidator import ValidationContext

    context = ValidationContext(trust_roots=[by.signing_cert])
    reader = PdfFileReader(io.BytesIO(data))
    return [validate_pdf_signature(signature, context) for signature in reader.embedded_signatures]


def annotation_status(data: bytes, by: Any) -> Any:
    """How pyHanko judges the signature by its standard policy and the one rule that this leaves out: annotations.

    ISO 32000-1, table 254 lets annotations be added under ``/P 3``. The rule passes pages that have gained annotations,
    and what nothing but a new annotation leads to; all else is judged by the standard policy.
    """
    from pyhanko.pdf_utils import generic
    from pyhanko.pdf_utils.reader import PdfFileReader
    from pyhanko.sign import diff_analysis as diff
    from pyhanko.sign.validation import validate_pdf_signature
    from pyhanko_certvalidator import ValidationContext

    class Annotations(diff.QualifiedWhitelistRule):
        def apply_qualified(self, old: Any, new: Any) -> Any:
            waiting = [old.root.raw_get("/Pages").reference]
            while waiting:
                ref = waiting.pop()
                before, after = old(ref), new(ref)
                if "/Kids" in before:
                    waiting += [kid.reference for kid in before["/Kids"]]
                elif before != after:
                    assert {k: v for k, v in after.items() if k != "/Annots"} == {
                        k: v for k, v in before.items() if k != "/Annots"
                    }
                    kept, there = list(before.get("/Annots", [])), list(after["/Annots"])
                    assert there[: len(kept)] == kept
                    yield diff.ModificationLevel.ANNOTATIONS, diff.ReferenceUpdate(ref)
                    yield from self.below(old, there[len(kept) :])

        def below(self, old: Any, values: list[Any]) -> Any:
            values, seen = list(values), set()
            while values:
                value = values.pop()
                if isinstance(value, generic.IndirectObject):
                    ref = value.reference
                    if ref in seen or old.reader.xrefs.get_historical_ref(ref, old.revision) is not None:
                        continue
                    seen.add(ref)
                    yield diff.ModificationLevel.ANNOTATIONS, diff.ReferenceUpdate(ref)
                    value = value.get_object()
                if isinstance(value, generic.DictionaryObject):
                    values += [value.raw_get(key) for key in value]
                elif isinstance(value, generic.ArrayObject):
                    values += list(value)

    standard = diff.DEFAULT_DIFF_POLICY
    policy = diff.StandardDiffPolicy([*standard.global_rules, Annotations()], standard.form_rule)
    (signature,) = PdfFileReader(io.BytesIO(data)).embedded_signatures
    context = ValidationContext(trust_roots=[by.signing_cert])
    return validate_pdf_signature(signature, context, diff_policy=policy)


def rendered(data: bytes, folder: Path) -> list[bytes]:
    """Every page's pixels and the text, as Poppler renders them."""
    path = folder / "render.pdf"
    path.write_bytes(data)
    for old in folder.glob("page-*"):
        old.unlink()
    run("pdftoppm", "-r", "50", path, folder / "page")
    return [*(p.read_bytes() for p in sorted(folder.glob("page-*"))), run("pdftotext", path, "-")]


def signed_form(data: bytes) -> bytes:
    """The document with the flag of a signed one, saved anew: what decides how it may be changed."""
    import pikepdf as library

    with library.open(io.BytesIO(data)) as pdf:
        pdf.Root.AcroForm = library.Dictionary(Fields=library.Array([]), SigFlags=3)
        out = io.BytesIO()
        pdf.save(out, encryption=library.Encryption(user="", owner="o") if pdf.is_encrypted else False)
    return out.getvalue()
