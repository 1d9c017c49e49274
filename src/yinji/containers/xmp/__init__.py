"""XMP packets: reading the label from one and writing it into one, every other byte kept (TC260-PG-20259A 6)."""

from yinji.containers.xmp.edit import unpadded, with_label, without_other_labels
from yinji.containers.xmp.packet import NAME, NAMESPACE, PADDING, PREFIX, XmpLabel
from yinji.containers.xmp.plain import plain_label, plain_text
from yinji.containers.xmp.read import is_wiped, labels, properties, shows_none

__all__ = [
    "NAME",
    "NAMESPACE",
    "PADDING",
    "PREFIX",
    "XmpLabel",
    "is_wiped",
    "labels",
    "plain_label",
    "plain_text",
    "properties",
    "shows_none",
    "unpadded",
    "with_label",
    "without_other_labels",
]
