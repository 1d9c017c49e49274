"""``yinji key``."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

import click

from yinji.cli.keyfiles import PASSPHRASE_VARIABLE, private_key
from yinji.cli.language import say
from yinji.errors import OutputExists
from yinji.labels.keys import KeyKind, generate, save

_KINDS: Final[dict[str, KeyKind]] = {"sm2": "sm2", "ed25519": "ed25519", "p256": "p256"}


@click.group("key", help=say("制作和查看给标识签名的密钥。", "Make and show the keys that sign labels."))
def command() -> None:
    """Holds the subcommands."""


@command.command(
    "make",
    help=say(
        "制作一把私钥，存为 PEM（权限 0600）。环境变量 YINJI_KEY_PASSPHRASE 有值时用它加密。",
        "Make a private key and keep it as PEM (mode 0600), enciphered if YINJI_KEY_PASSPHRASE is set.",
    ),
    short_help=say("制作一把私钥。", "Make a private key."),
)
@click.option(
    "-o",
    "--output",
    required=True,
    type=click.Path(path_type=Path),
    metavar="FILE",
    help=say("私钥文件", "Private key file"),
)
@click.option(
    "--algorithm",
    type=click.Choice(list(_KINDS)),
    default="sm2",
    show_default=True,
    help=say("sm2 是国密，其余用于其他场合", "sm2 is China's; the others for elsewhere"),
)
def make(output: Path, algorithm: str) -> int:
    key = generate(_KINDS[algorithm])
    passphrase = os.environ.get(PASSPHRASE_VARIABLE)
    save(key, output, passphrase=passphrase.encode() if passphrase else None)
    click.echo(f"{output}  {key.kind}")
    click.echo(say("公钥指纹 ", "public key fingerprint ") + key.fingerprint)
    return 0


@command.command("public", help=say("导出公钥和它的指纹。", "Export the public key and its fingerprint."))
@click.argument("key", type=click.Path(path_type=Path))
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), metavar="FILE", help=say("公钥文件", "Public key file")
)
def public(key: Path, output: Path | None) -> int:
    loaded = private_key(key)
    if output is None:
        click.echo(loaded.public_pem(), nl=False)
        return 0
    if output.exists():
        raise OutputExists("output-exists", path=output)
    output.write_text(loaded.public_pem(), "ascii")
    click.echo(say("公钥指纹 ", "public key fingerprint ") + loaded.fingerprint)
    return 0
