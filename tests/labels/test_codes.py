"""Provider codes: every part, every wrong position, every single-character slip."""

from __future__ import annotations

import tomllib
from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yinji.errors import UsageError
from yinji.labels.checkdigits import USCC_ALPHABET, birth_date, id_check, uscc_check
from yinji.labels.codes import ProviderCode, check_code, make_code, require_provider
from yinji.labels.vendors import vendor_of_name, vendor_of_uscc, vendors

USCC = "91110000MA0TE5T00Q"
ID = "11010519491231002X"  # the example number of GB 11643
CODE = "001191110000MA0TE5T00Q10001"


def problem_codes(text: str) -> list[str]:
    return [p.code for p in check_code(text).problems]


def test_reference_code_taken_apart() -> None:
    code = ProviderCode.parse(CODE)
    assert code.parts() == {
        "format": "00",
        "subject": "1",
        "binding": "1",
        "subject_code": USCC,
        "service": "1",
        "model": "0001",
    }
    assert (str(code), code.kind, code.service_name) == (CODE, "organisation", "generation")
    check = check_code(CODE)
    assert (check.kind, check.problems, check.parts, check.claims) == ("organisation", (), code.parts(), None)


def test_codes_composed() -> None:
    assert make_code(uscc=USCC) == CODE
    assert make_code(uscc=USCC.lower(), service="propagation") == "001191110000MA0TE5T00Q20001"
    assert make_code(uscc=USCC, service=None) == "001191110000MA0TE5T00Q00000"
    assert make_code(uscc=USCC, model="XGW3")[-5:] == "1XGW3"
    individual = make_code(id_number=ID)
    assert individual == f"0021{ID}10001"
    check = check_code(individual)
    assert (check.kind, check.well_formed, [p.code for p in check.problems]) == ("individual", True, ["code-privacy"])


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ({}, "code-one-subject"),
        ({"uscc": USCC, "id_number": ID}, "code-one-subject"),
        ({"uscc": USCC[:-1]}, "code-subject-length"),
        ({"uscc": USCC[:-1] + "P"}, "uscc-check"),
        ({"uscc": "O" + USCC[1:]}, "uscc-character"),
        ({"uscc": "小" + USCC[1:]}, "code-character"),
        ({"uscc": USCC, "service": "other"}, "code-service-name"),
        ({"uscc": USCC, "model": "001"}, "code-model"),
        ({"uscc": USCC, "model": "abcd"}, "code-model"),
        ({"id_number": "11010519491331002X"}, "id-date"),
        ({"id_number": "110105194912310021"}, "id-check"),
        ({"id_number": "1101051949123100X1"}, "id-character"),
    ],
)
def test_what_cannot_be_composed(arguments: dict[str, str], code: str) -> None:
    with pytest.raises(UsageError) as caught:
        make_code(**arguments)  # type: ignore[arg-type]
    assert caught.value.code == code
    assert caught.value.text.zh != code
    assert caught.value.advice.zh
    assert caught.value.advice.en
    assert "{" not in caught.value.text.en + caught.value.text.zh


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        (CODE + "1", ["code-length"]),
        (CODE[:-1], ["code-length"]),
        ("001191110000MA00000000T00001", ["code-length"]),
        ("10" + CODE[2:], ["code-prefix"]),
        ("003" + CODE[3:], ["code-subject"]),
        ("0012" + CODE[4:], ["code-binding"]),
        (CODE[:22] + "30001", ["code-service"]),
        (CODE[:22] + "00001", ["code-service"]),
        (CODE[:22] + "1abcd", ["code-character"]),
        (CODE[:21] + "P" + CODE[22:], ["uscc-check"]),
        (CODE[:12] + "I" + CODE[13:], ["uscc-character"]),
        (USCC, ["code-bare-uscc"]),
        (ID, ["code-bare-id", "code-privacy"]),
    ],
)
def test_wrong_codes_are_named(text: str, codes: list[str]) -> None:
    assert problem_codes(text) == codes
    with pytest.raises(UsageError):
        ProviderCode.parse(text)


def test_message_tells_position_and_right_character() -> None:
    (problem,) = check_code(CODE[:21] + "P" + CODE[22:]).problems
    assert problem.values == {"position": 22, "inner": 18, "found": "P", "expected": "Q"}
    assert '"Q"' in problem.text.en
    assert "22" in problem.text.zh


@pytest.mark.parametrize("name", ["doubao", "MiniMax", "RunningHub", "picwish", "Minimax Agent AI", "kling"])
def test_plain_names_are_accepted_and_claim_a_vendor(name: str) -> None:
    check = check_code(name)
    assert (check.kind, check.problems, check.parts) == ("name", (), {})
    assert check.claims is vendor_of_name(name) is not None


@pytest.mark.parametrize("name", ["", "小厂", "0011", "Acme", "001 is a name", "9" * 18])
def test_other_names_claim_nobody(name: str) -> None:
    check = check_code(name)
    assert (check.kind, check.problems, check.claims) == ("name", (), None)


def test_every_vendor_entry_is_consistent() -> None:
    known = vendors()
    assert len({v.key for v in known}) == len(known) >= 15
    assert sum(bool(v.uscc) for v in known) == 13
    for vendor in known:
        assert vendor.name.zh
        assert vendor.name.en
        assert vendor.uscc or vendor.names
        if vendor.uscc:
            assert uscc_check(vendor.uscc[:17]) == vendor.uscc[17]
            assert vendor_of_uscc(vendor.uscc) is vendor
        for code in vendor.seen:
            assert check_code(code).claims is vendor
            assert ProviderCode.parse(code).subject_code == vendor.uscc
    raw = tomllib.loads(files("yinji.labels").joinpath("vendors.toml").read_text("utf-8"))
    assert len(raw["vendor"]) == len(known)


USCCS = st.text(alphabet=USCC_ALPHABET, min_size=17, max_size=17).map(lambda first: first + uscc_check(first))
IDS = st.builds(
    lambda area, day, order: (first := f"{area}{day:%Y%m%d}{order:03d}") + id_check(first),
    st.integers(110000, 659999),
    st.dates().filter(lambda d: d.year >= 1800),
    st.integers(0, 999),
)


@given(USCCS, st.sampled_from(["generation", "propagation", None]), st.from_regex(r"[0-9A-Z]{4}", fullmatch=True))
def test_made_codes_read_back(uscc: str, service: str | None, model: str) -> None:
    code = make_code(uscc=uscc, service=service, model=model)  # type: ignore[arg-type]
    parsed = ProviderCode.parse(code)
    assert (len(code), parsed.subject_code, parsed.service_name) == (27, uscc, service)
    assert parsed.model == (model if service else "0000")
    assert check_code(code).well_formed


@given(USCCS, st.integers(0, 17), st.sampled_from(USCC_ALPHABET))
def test_social_credit_code_catches_every_single_change(uscc: str, at: int, character: str) -> None:
    changed = uscc[:at] + character + uscc[at + 1 :]
    assert (uscc_check(changed[:17]) == changed[17]) == (changed == uscc)
    assert check_code(f"0011{changed}10001").well_formed == (changed == uscc)


@given(IDS, st.integers(0, 17), st.sampled_from("0123456789X"))
def test_identity_number_catches_every_single_change(number: str, at: int, character: str) -> None:
    assert birth_date(number) is not None
    changed = number[:at] + character + number[at + 1 :]
    assert check_code(f"0021{number}10001").well_formed
    assert check_code(f"0021{changed}10001").well_formed == (changed == number)


@given(st.text(max_size=40))
def test_any_text_is_judged(text: str) -> None:
    check = check_code(text)
    assert check.kind in ("organisation", "individual", "name")
    assert all(p.text.zh and "{" not in p.text.en.replace(text, "") for p in check.problems)
    if check.well_formed and check.parts:
        assert "".join(check.parts.values()) == text


def test_what_we_write_ourselves_is_a_name_or_a_right_code() -> None:
    for text in (CODE, "Acme", "小厂", USCC, make_code(id_number=ID)):
        require_provider(text)
    for text in (CODE[:-1], CODE + "1", CODE[:21] + "P" + CODE[22:]):
        with pytest.raises(UsageError):
            require_provider(text)


def test_problems_and_errors_of_codes_share_their_words() -> None:
    for text in (CODE + "1", "10" + CODE[2:], "003" + CODE[3:], "0012" + CODE[4:], CODE[:22] + "30001", CODE.lower()):
        problem = next(iter(check_code(text).problems))
        with pytest.raises(UsageError) as caught:
            ProviderCode.parse(text)
        assert caught.value.text == problem.text
