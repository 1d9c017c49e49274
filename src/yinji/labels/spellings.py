"""How the seven keys are spelt in the wild, and which of them each spelling means.

Only the spelling of Appendix E conforms (checklist R24); the others are accepted on read and named.
"""

from __future__ import annotations

import re
from typing import Final

from yinji.labels.aigc import KEYS

_NOT_LETTERS: Final = re.compile(r"[^a-z0-9]")

_SEEN: Final = {
    "Label": ("aigclabel", "lable"),
    "ContentProducer": ("contentproduce", "contentproductor", "contentproducter", "producer", "aigccontentproducer"),
    "ProduceID": ("producerid", "productid", "productionid", "aigcproduceid"),
    "ReservedCode1": ("reservecode1", "reserved1", "reservecode01", "reservedcode01", "reservedfield1"),
    "ContentPropagator": ("propagator", "contentpropogator", "propogator", "contentpropagate", "aigccontentpropagator"),
    "PropagateID": ("propatorid", "propagatorid", "propogateid", "propogatorid", "propagationid", "aigcpropagateid"),
    "ReservedCode2": ("reservecode2", "reserved2", "reservecode02", "reservedcode02", "reservedfield2"),
}
"""Folded spellings: camel, snake, kebab and lower case of the right names need no entry."""


def fold(key: str) -> str:
    """Returns the key without case and punctuation: ``content_producer`` and ``contentProducer`` become one."""
    return _NOT_LETTERS.sub("", key.lower())


_MEANS: Final = {fold(key): key for key in KEYS} | {spelt: key for key, seen in _SEEN.items() for spelt in seen}


def meaning(key: str) -> str:
    """Returns the key of Appendix E that ``key`` means, or "" when it means none of them."""
    return _MEANS.get(fold(key[:64]), "")
