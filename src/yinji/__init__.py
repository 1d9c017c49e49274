"""Yinji (印记): put, read, verify and look after the labels that say content was made with AI.

The public names below are loaded on first use, so that ``import yinji`` costs next to nothing and pulls in no
third-party package (design, section 6).
"""

from __future__ import annotations

TYPE_CHECKING = False
"""Type checkers take it for true; :mod:`typing` itself costs more to import than all the rest."""

if TYPE_CHECKING:
    from typing import Any

    from yinji.errors import YinjiError as YinjiError
    from yinji.labels.aigc import AigcLabel as AigcLabel
    from yinji.labels.declaration import Declaration as Declaration
    from yinji.operations.carry import carry as carry
    from yinji.operations.check import check as check
    from yinji.operations.conform import conform as conform
    from yinji.operations.digest import media_digest as media_digest
    from yinji.operations.label import label as label
    from yinji.operations.propagate import propagate as propagate
    from yinji.operations.read import read as read

__version__ = "0.1.0"

_HOME = {
    "AigcLabel": "yinji.labels.aigc",
    "Declaration": "yinji.labels.declaration",
    "YinjiError": "yinji.errors",
    "carry": "yinji.operations.carry",
    "check": "yinji.operations.check",
    "conform": "yinji.operations.conform",
    "label": "yinji.operations.label",
    "media_digest": "yinji.operations.digest",
    "propagate": "yinji.operations.propagate",
    "read": "yinji.operations.read",
}

__all__ = [
    "AigcLabel",
    "Declaration",
    "YinjiError",
    "__version__",
    "carry",
    "check",
    "conform",
    "label",
    "media_digest",
    "propagate",
    "read",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'yinji' has no attribute {name!r}")
    from importlib import import_module

    value = getattr(import_module(_HOME[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
