"""National identity numbers in text. The numbers are made up: the control digits are worked out here from dates."""

from __future__ import annotations

import pytest

from services.shared.identity_numbers import find_identity_numbers


def number(date_and_individual: str) -> str:
    """The eleven digits for nine; picks the next individual number when these nine have no control digits."""
    digits = [int(digit) for digit in date_and_individual]
    first = -sum(digit * weight for digit, weight in zip(digits, (3, 7, 6, 1, 8, 9, 4, 5, 2), strict=True)) % 11
    second = -sum(digit * weight for digit, weight in zip([*digits, first], (5, 4, 3, 2, 7, 6, 5, 4, 3, 2), strict=True)) % 11
    if 10 in (first, second):
        return number(f"{int(date_and_individual) + 1:09d}")
    return f"{date_and_individual}{first}{second}"


ORDINARY = number("010190123")


@pytest.mark.parametrize("nine", ["010190123", "311299500", "410190123", "711299500", "014190123", "018190123", "016690123"])
def test_ordinary_d_help_and_synthetic_numbers_are_found(nine: str) -> None:
    assert find_identity_numbers(f"Pasienten {number(nine)} fikk behandling")


@pytest.mark.parametrize("separator", ["", " ", "\u00a0", "-"])
def test_a_separator_after_the_date_is_allowed_and_the_place_is_told(separator: str) -> None:
    text = f"se {ORDINARY[:6]}{separator}{ORDINARY[6:]}."
    (place,) = find_identity_numbers(text)
    assert text[place.start : place.end] == f"{ORDINARY[:6]}{separator}{ORDINARY[6:]}"


def test_every_number_in_a_text_is_found() -> None:
    assert len(find_identity_numbers(f"{ORDINARY}, {number('150385200')}\n{number('410190123')}")) == 3


def test_one_wrong_digit_anywhere_is_no_number() -> None:
    for place in range(11):
        for step in range(1, 10):
            wrong = ORDINARY[:place] + str((int(ORDINARY[place]) + step) % 10) + ORDINARY[place + 1 :]
            assert not find_identity_numbers(wrong), wrong


@pytest.mark.parametrize("text", [f"1{ORDINARY}", f"{ORDINARY}1", f"{ORDINARY}{ORDINARY}", ORDINARY[:10], f"{ORDINARY[:6]}  {ORDINARY[6:]}"])
def test_part_of_a_longer_number_or_digits_further_apart_is_no_number(text: str) -> None:
    assert not find_identity_numbers(text)


@pytest.mark.parametrize("digits", ["00000000000", number("000190123"), number("320190123"), number("011390123"), number("010090123")])
def test_an_impossible_date_is_no_number(digits: str) -> None:
    assert not find_identity_numbers(digits)


@pytest.mark.parametrize("text", ["", "910 000 020", "NCT04512345", "EU/1/19/1234", "+47 22 00 00 00", "081996, 135216"])
def test_other_numbers_in_a_form_are_no_identity_numbers(text: str) -> None:
    assert not find_identity_numbers(text)
