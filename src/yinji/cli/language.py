"""The language of the command line: ``--lang``, else ``YINJI_LANG``, else the locale; Chinese or English."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from typing import Final

from yinji.texts import Text

ZH: Final = "zh-CN"
EN: Final = "en"


def detect(arguments: Sequence[str], environment: Mapping[str, str]) -> str:
    """Returns ``zh-CN`` or ``en``. Help texts are made while modules load, so the arguments are looked at early."""
    wanted = ""
    for position, argument in enumerate(arguments):
        if argument == "--":
            break
        if argument == "--lang":
            wanted = "".join(arguments[position + 1 : position + 2])
        elif argument.startswith("--lang="):
            wanted = argument.removeprefix("--lang=")
    names = ("YINJI_LANG", "LC_ALL", "LC_MESSAGES", "LANG")
    wanted = wanted or next((environment[n] for n in names if environment.get(n)), "")
    return ZH if wanted.lower().startswith("zh") else EN


LANGUAGE: Final = detect(sys.argv[1:], os.environ)


def say(zh: str, en: str) -> str:
    """Returns the words in the language of this run."""
    return zh if LANGUAGE == ZH else en


def pick(text: Text) -> str:
    """Returns a two-language text in the language of this run."""
    return text.pick(LANGUAGE)
