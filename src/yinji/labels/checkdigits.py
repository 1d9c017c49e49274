"""Check characters of the two subject codes: GB 32100 (organisations) and GB 11643 (citizens)."""

from __future__ import annotations

from datetime import date
from typing import Final

USCC_ALPHABET: Final = "0123456789ABCDEFGHJKLMNPQRTUWXY"
"""The 31 characters of GB 32100: digits and capitals without I, O, S, V, Z."""

_USCC_WEIGHTS: Final = (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28)
_ID_WEIGHTS: Final = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_ID_CHECKS: Final = "10X98765432"


def uscc_check(first17: str) -> str:
    """Returns the 18th character of a unified social credit code (GB 32100-2015, modulo 31).

    Args:
        first17: The characters before it, all of ``USCC_ALPHABET``.
    """
    total = sum(weight * USCC_ALPHABET.index(c) for weight, c in zip(_USCC_WEIGHTS, first17, strict=True))
    return USCC_ALPHABET[-total % 31]


def id_check(first17: str) -> str:
    """Returns the 18th character of a citizen's identity number (GB 11643-1999, ISO 7064 MOD 11-2).

    Args:
        first17: The digits before it.
    """
    return _ID_CHECKS[sum(weight * int(c) for weight, c in zip(_ID_WEIGHTS, first17, strict=True)) % 11]


def birth_date(id_number: str) -> date | None:
    """Returns the date of birth in characters 7 to 14 of an identity number, or None when it is no date."""
    try:
        return date(int(id_number[6:10]), int(id_number[10:12]), int(id_number[12:14]))
    except ValueError:
        return None
