"""Provider codes of TC260-PG-20252A: what ContentProducer and ContentPropagator hold instead of a name.

=========  ======  ==================================================================
positions  length  meaning
=========  ======  ==================================================================
1-2        2       format of the code, ``00``
3          1       subject: ``1`` organisation, ``2`` individual
4          1       how the subject is bound: ``1`` social credit code or identity number
5-22       18      the subject's own code, its last character a check character
23         1       service: ``1`` generation, ``2`` propagation (``0`` when unused)
24-27      4       model or application, chosen by the provider (``0000`` when unused)
=========  ======  ==================================================================

Nobody registers these codes: each provider composes its own, so a well-formed code proves nothing (checklist R71).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final, Literal

from yinji.errors import UsageError
from yinji.labels.aigc import shown
from yinji.labels.checkdigits import USCC_ALPHABET, birth_date, id_check, uscc_check
from yinji.labels.problem import Problem, Severity
from yinji.labels.vendors import Vendor, vendor_of_name, vendor_of_uscc

LENGTH: Final = 27
SUBJECT_START: Final = 4
"""Offset of the subject's own code, so that its positions can be told in the whole code."""

ORGANISATION: Final = "1"
INDIVIDUAL: Final = "2"

Kind = Literal["organisation", "individual", "name"]
Service = Literal["generation", "propagation"]

SERVICES: Final[dict[Service, str]] = {"generation": "1", "propagation": "2"}

_CODE_CHARACTER: Final = re.compile(r"[0-9A-Z]")
_MEANT_AS_CODE: Final = re.compile(r"00[0-9][0-9A-Za-z]{15,37}|[0-9][0-9A-Za-z]{26}")
_BARE_USCC: Final = re.compile(rf"[{USCC_ALPHABET}]{{2}}[0-9]{{6}}[{USCC_ALPHABET}]{{10}}")
_BARE_ID: Final = re.compile(r"[1-9][0-9]{16}[0-9X]")


@dataclass(frozen=True, slots=True)
class ProviderCode:
    """A well-formed code, taken apart.

    Attributes:
        format: Positions 1-2.
        subject: Position 3.
        binding: Position 4.
        subject_code: Positions 5-22: social credit code or identity number.
        service: Position 23.
        model: Positions 24-27.
    """

    format: str
    subject: str
    binding: str
    subject_code: str
    service: str
    model: str

    @classmethod
    def parse(cls, code: str) -> ProviderCode:
        """Takes a code apart.

        Args:
            code: The 27 characters.

        Raises:
            UsageError: It is no code of TC260-PG-20252A; the message names the position, and the right check character.
        """
        wrong = next((p for p in _code_problems(code) if p.severity is Severity.ERROR), None)
        if wrong is not None:
            raise UsageError(wrong.code, **wrong.values)
        return _split(code)

    @property
    def kind(self) -> Kind:
        return "individual" if self.subject == INDIVIDUAL else "organisation"

    @property
    def service_name(self) -> Service | None:
        """What the service extension says the code is used for; None when the extension is unused."""
        return next((name for name, mark in SERVICES.items() if mark == self.service), None)

    def parts(self) -> dict[str, str]:
        """Returns the parts by name, in order."""
        return {
            "format": self.format,
            "subject": self.subject,
            "binding": self.binding,
            "subject_code": self.subject_code,
            "service": self.service,
            "model": self.model,
        }

    def __str__(self) -> str:
        return "".join(self.parts().values())


@dataclass(frozen=True, slots=True)
class CodeCheck:
    """What can be said about a provider value without knowing anybody.

    Attributes:
        kind: ``organisation`` or ``individual`` for what is, or was meant as, a code; ``name`` for anything else.
        problems: What is wrong with it, and the privacy warning of an individual's code.
        parts: The parts of a well-formed code, else empty.
        claims: The vendor it claims to be, or None. Never a proof.
    """

    kind: Kind
    problems: tuple[Problem, ...]
    parts: dict[str, str] = field(default_factory=dict, hash=False)
    claims: Vendor | None = None

    @property
    def well_formed(self) -> bool:
        return not any(p.severity is Severity.ERROR for p in self.problems)


def make_code(
    *,
    uscc: str | None = None,
    id_number: str | None = None,
    service: Service | None = "generation",
    model: str = "0001",
) -> str:
    """Composes a code.

    Args:
        uscc: Unified social credit code of an organisation, 18 characters.
        id_number: Identity number of an individual, 18 characters. It becomes part of every label: prefer a name.
        service: What the code is for; None leaves the service extension unused (``00000``).
        model: Four characters ``0-9A-Z`` of the provider's own choice.

    Raises:
        UsageError: Not exactly one subject was given, or a part is not well formed.
    """
    if (uscc is None) == (id_number is None):
        raise UsageError("code-one-subject")
    if service is not None and service not in SERVICES:
        raise UsageError("code-service-name", service=service)
    if not re.fullmatch(r"[0-9A-Z]{4}", model):
        raise UsageError("code-model", model=shown(model))
    subject = (uscc or id_number or "").strip().upper()
    if len(subject) != 18:
        raise UsageError("code-subject-length", length=len(subject))
    mark = ORGANISATION if id_number is None else INDIVIDUAL
    extension = SERVICES[service] + model if service else "00000"
    return str(ProviderCode.parse(f"00{mark}1{subject}{extension}"))


def check_code(text: str) -> CodeCheck:
    """Says what a provider value is and what is wrong with it. Plain names are accepted (Appendix E d, R70).

    Args:
        text: The value of ContentProducer or ContentPropagator.
    """
    if _MEANT_AS_CODE.fullmatch(text):
        return _checked(text)
    if _BARE_USCC.fullmatch(text) and uscc_check(text[:17]) == text[17]:
        return CodeCheck("organisation", (_warning("code-bare-uscc", "R65"),), {}, vendor_of_uscc(text))
    if _BARE_ID.fullmatch(text) and id_check(text[:17]) == text[17] and birth_date(text):
        return CodeCheck("individual", (_warning("code-bare-id", "R68"), _warning("code-privacy", "R68")))
    return CodeCheck("name", (), {}, vendor_of_name(text))


def require_provider(text: str) -> None:
    """Lets a name or a well-formed code pass; for what we are about to write ourselves.

    Raises:
        UsageError: The value is meant as a code and is none; the message names the position.
    """
    wrong = _first_error(text)
    if wrong is not None:
        raise UsageError(wrong.code, **wrong.values)


@lru_cache(maxsize=256)
def _first_error(text: str) -> Problem | None:
    """What is wrong with a provider value; whoever writes labels writes one and the same again and again."""
    return next((p for p in check_code(text).problems if p.severity is Severity.ERROR), None)


def _checked(text: str) -> CodeCheck:
    kind: Kind = "individual" if text[2] == INDIVIDUAL else "organisation"
    problems = tuple(_code_problems(text))
    if any(p.severity is Severity.ERROR for p in problems):
        return CodeCheck(kind, problems)
    code = _split(text)
    claims = vendor_of_uscc(code.subject_code) if kind == "organisation" else None
    return CodeCheck(kind, problems, code.parts(), claims)


def _split(code: str) -> ProviderCode:
    return ProviderCode(code[:2], code[2], code[3], code[4:22], code[22], code[23:27])


def _error(code: str, rule: str, **values: object) -> Problem:
    return Problem(code, Severity.ERROR, rule, values)


def _warning(code: str, rule: str) -> Problem:
    return Problem(code, Severity.WARNING, rule)


def _code_problems(code: str) -> Iterator[Problem]:
    for position, character in enumerate(code[: LENGTH + 1], 1):
        if not _CODE_CHARACTER.fullmatch(character):
            yield _error("code-character", "R65", position=position, character=shown(character))
            return
    if len(code) != LENGTH:
        yield _error("code-length", "R65", length=len(code))
        return
    if code[:2] != "00":
        yield _error("code-prefix", "R65", found=code[:2])
    if code[2] not in (ORGANISATION, INDIVIDUAL):
        yield _error("code-subject", "R66", found=code[2])
    if code[3] != "1":
        yield _error("code-binding", "R66", found=code[3])
    subject = code[SUBJECT_START : SUBJECT_START + 18]
    if code[2] == ORGANISATION:
        yield from _uscc_problems(subject)
    elif code[2] == INDIVIDUAL:
        yield from _id_problems(subject)
        yield _warning("code-privacy", "R68")
    if code[22] not in ("1", "2") and code[22:] != "00000":
        yield _error("code-service", "R69", found=code[22:])


def _uscc_problems(uscc: str) -> Iterator[Problem]:
    for position, character in enumerate(uscc, SUBJECT_START + 1):
        if character not in USCC_ALPHABET:
            yield _error(
                "uscc-character", "R67", position=position, inner=position - SUBJECT_START, character=character
            )
            return
    expected = uscc_check(uscc[:17])
    if uscc[17] != expected:
        yield _error("uscc-check", "R67", position=SUBJECT_START + 18, inner=18, found=uscc[17], expected=expected)


def _id_problems(id_number: str) -> Iterator[Problem]:
    for position, character in enumerate(id_number, SUBJECT_START + 1):
        if character not in "0123456789" and (character != "X" or position != SUBJECT_START + 18):
            yield _error("id-character", "R68", position=position, inner=position - SUBJECT_START, character=character)
            return
    if birth_date(id_number) is None:
        yield _error("id-date", "R68", first=SUBJECT_START + 7, last=SUBJECT_START + 14)
    expected = id_check(id_number[:17])
    if id_number[17] != expected:
        yield _error("id-check", "R68", position=SUBJECT_START + 18, inner=18, found=id_number[17], expected=expected)
