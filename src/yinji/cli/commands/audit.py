"""``yinji audit``."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

import click

from yinji.cli.app import print_json
from yinji.cli.fetching import fetcher, known_vkey
from yinji.cli.files import note
from yinji.cli.language import say
from yinji.cli.serving import require_server
from yinji.errors import OutputExists, StorageError, UsageError
from yinji.platform.audit import stamps
from yinji.platform.audit.notes import Verifier
from yinji.platform.audit.verifying import Fetch, in_folder, verify_copy
from yinji.platform.service import Platform
from yinji.platform.settings import Settings

TOKEN_VARIABLE: Final = "YINJI_TOKEN"  # noqa: S105  (the name of a variable, not a secret)

_JSON = click.option("--json", "as_json", is_flag=True, help=say("输出 JSON", "Print JSON"))


@click.group("audit", help=say("查看、导出或核验平台的审计日志。", "Show, export or verify the platform's audit log."))
def command() -> None:
    """Holds the subcommands."""
    require_server()


@command.command(
    "verify",
    help=say(
        "核验日志：不带参数核验本站数据库；给出目录或 --url 则核验一份副本，不需要数据库。",
        "Verify the log: without arguments the site's own database; with a folder or --url a copy, without a database.",
    ),
    short_help=say("核验日志，或它的一份副本。", "Verify the log, or a copy of it."),
)
@click.argument("folder", required=False, type=click.Path(path_type=Path, file_okay=False, exists=True))
@click.option("--url", help=say("日志的地址，如 https://example.com/v1/audit", "Address of a log, https://…/v1/audit"))
@click.option("--vkey", help=say("签名者的公钥（名称+编号+公钥）", "Key of the signer (name+id+key)"))
@click.option(
    "--older",
    multiple=True,
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    help=say("从前保存的检查点，可重复", "A checkpoint that was kept from before; may be repeated"),
)
@click.option(
    "--tsa-roots",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    help=say(
        "时间戳机构的根证书（PEM）：一并核验目录里的时间戳",
        "Roots of a time-stamping authority (PEM): check the folder's stamps",
    ),
)
@_JSON
def verify(
    folder: Path | None,
    url: str | None,
    vkey: str | None,
    older: tuple[Path, ...],
    tsa_roots: Path | None,
    as_json: bool,
) -> int:
    if folder is not None and url is not None:
        raise UsageError("audit-copy-or-url")
    if folder is None and url is None:
        return _verify_site(as_json)
    if url is not None:
        return _verify_copy(fetcher(url, os.environ.get(TOKEN_VARIABLE, "")), vkey, known_vkey(url), older, as_json)
    assert folder is not None
    fetch = in_folder(folder)
    return _verify_folder(folder, fetch, vkey, older, tsa_roots, as_json)


def _verify_folder(
    folder: Path, fetch: Fetch, vkey: str | None, older: tuple[Path, ...], tsa_roots: Path | None, as_json: bool
) -> int:
    roots = stamps.certificates(tsa_roots) if tsa_roots else []
    stamped = [place.with_suffix("") for place in sorted((folder / "checkpoints").glob("*.tsr"))] if roots else []
    done = _verify_copy(fetch, vkey, lambda: fetch("vkey").decode("utf-8", "replace"), (*older, *stamped), as_json)
    for place in stamped:
        at = stamps.verified(place.with_suffix(".tsr").read_bytes(), place.read_bytes(), roots)
        note(say(f"{place.name} 条时的检查点，时间戳 {at}", f"Checkpoint at {place.name} entries, stamped {at}"))
    return done


def _verify_site(as_json: bool) -> int:
    with Platform.open(Settings.from_environment()) as platform:
        verified = platform.audit.examine(_progress())
    if as_json:
        found = {"size": verified.size, "root": verified.root.hex(), "chain_hash": verified.chain_hash, "intact": True}
        print_json(found, line=False)
    else:
        root = verified.root.hex()
        click.echo(say(f"完好：{verified.size} 条记录，树根 {root}", f"Intact: {verified.size} entries, root {root}"))
    return 0


def _verify_copy(
    fetch: Fetch, vkey: str | None, found_vkey: Callable[[], str], older: tuple[Path, ...], as_json: bool
) -> int:
    verifier = Verifier.parse(vkey or found_vkey())
    notes = [path.read_text("utf-8", "replace") for path in older]
    copy = verify_copy(fetch, verifier, older=notes, progress=_progress())
    checkpoint = copy.checkpoint
    if as_json:
        found = {
            "origin": checkpoint.origin,
            "size": checkpoint.size,
            "root": checkpoint.root.hex(),
            "vkey": verifier.vkey,
            "vkey_pinned": vkey is not None,
            "consistent_with": [known.size for known in copy.older],
            "intact": True,
        }
        print_json(found, line=False)
        return 0
    click.echo(
        say(
            f"完好：{checkpoint.origin} 的 {checkpoint.size} 条记录，树根 {checkpoint.root.hex()}",
            f"Intact: {checkpoint.size} entries of {checkpoint.origin}, root {checkpoint.root.hex()}",
        )
    )
    for known in copy.older:
        click.echo(say(f"与 {known.size} 条时的检查点一致", f"Consistent with the checkpoint at {known.size} entries"))
    if vkey is None:
        note(
            say(
                f"公钥取自副本自身，只说明前后一致，不说明是谁：{verifier.vkey}",
                f"The key is the copy's own: it shows that all fits together, not whose it is: {verifier.vkey}",
            )
        )
    return 0


@command.command(
    "export",
    help=say(
        "把日志导出为 C2SP 分块目录（可反复导出到同一目录）。",
        "Export the log as a folder of C2SP tiles; an earlier export there is brought up to date.",
    ),
    short_help=say("把日志导出为 C2SP 分块目录。", "Export the log as a folder of C2SP tiles."),
)
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@_JSON
def export(folder: Path, as_json: bool) -> int:
    with Platform.open(Settings.from_environment()) as platform:
        size, checkpoint = platform.audit.write_copy(folder, _progress())
        vkey = platform.audit.verifier.vkey
    if as_json:
        print_json({"size": size, "checkpoint": checkpoint, "vkey": vkey, "path": str(folder)}, line=False)
    else:
        click.echo(say(f"{folder}：{size} 条记录", f"{folder}: {size} entries"))
        click.echo(f"vkey {vkey}")
    return 0


@command.command(
    "pack",
    help=say(
        "生成标识措施材料包（ZIP），供应用商店或主管部门审核。",
        "Make the evidence pack, a ZIP for app stores and authorities.",
    ),
)
@click.option(
    "-o",
    "--output",
    required=True,
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help=say("输出文件", "Output file"),
)
def pack(output: Path) -> int:
    if output.exists():
        raise OutputExists("output-exists", path=output)
    with Platform.open(Settings.from_environment()) as platform:
        try:
            with output.open("xb") as file:
                file.writelines(platform.pack.made())
        except OSError as error:
            raise StorageError("folder", path=output, reason=error.strerror) from error
    click.echo(str(output))
    return 0


@command.command("checkpoint", help=say("输出签名的检查点。", "Print the signed checkpoint."))
def checkpoint() -> int:
    with Platform.open(Settings.from_environment()) as platform:
        click.echo(platform.audit.checkpoints.current(), nl=False)
    return 0


@command.command("show", help=say("逐行输出日志（JSONL）。", "Print the log, one JSON object a line."))
def show() -> int:
    with Platform.open(Settings.from_environment()) as platform:
        for entry in platform.audit_export():
            print_json(
                {
                    "index": entry.index,
                    "at": entry.at.isoformat(),
                    "actor": entry.actor,
                    "event": entry.event,
                    "subject": entry.subject,
                    "body": entry.body,
                    "leaf_hash": entry.leaf_hash,
                    "chain_hash": entry.chain_hash,
                },
                line=True,
            )
    return 0


def _progress() -> Callable[[int, int], None] | None:
    """Shows how far a check is, on a terminal only."""
    if not sys.stderr.isatty():
        return None

    def show(done: int, size: int) -> None:
        click.echo(f"\r{done:,} / {size:,}", nl=done >= size, err=True)

    return show
