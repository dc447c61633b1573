"""One person, many spellings: a personal number as Skatteverket, payroll programs and people write it."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.pseudonyms import Pseudonyms, normal_personal_number
from tests.generative.worlds import made

PSEUDONYMS = Pseudonyms(bytes(range(32)))

births = st.dates(date(1900, 1, 1), date(2026, 12, 31))
serials = st.builds(lambda first, rest: f"{first}{rest:03}", st.sampled_from("0123456789TRSJ"), st.integers(0, 999))
days_added = st.sampled_from([0, 60])  # a personal number, a coordination number
ages = st.integers(0, 125)


def digits(birth, added):
    return f"{birth:%Y%m}{birth.day + added:02}"


def spellings(birth, added, serial, written_in):
    """How a number is written in a year: eight or six digits, with the sign that the age asks for."""
    eight = digits(birth, added)
    hundred = written_in - birth.year >= 100
    short = [f"{eight[2:]}{'+' if hundred else '-'}{serial}"]
    if not hundred:
        short += [eight[2:] + serial, f"{eight[2:]}\N{EN DASH}{serial}", f" {eight[2:]} - {serial}".lower()]
    return [eight + serial, f"{eight}-{serial}", f"{eight} {serial}", f"{eight}-{serial}".lower(), *short]


@made(100)
@given(births, days_added, serials, ages)
def test_all_spellings_of_a_number_are_one_person(birth, added, serial, age):
    written_in = birth.year + age
    found = {PSEUDONYMS.personal_number(text, written_in) for text in spellings(birth, added, serial, written_in)}
    assert len(found) == 1


@made(100)
@given(st.tuples(births, days_added, serials), st.tuples(births, days_added, serials), ages)
def test_other_numbers_are_other_persons(one, other, age):
    written_in = max(one[0].year, other[0].year) + age
    found = [{normal_personal_number(text, written_in) for text in spellings(*n, written_in)} for n in (one, other)]
    assert (found[0] == found[1]) == (one == other)


@made(100)
@given(births, days_added, serials, st.integers(2018, 2060))
def test_normal_is_normal(birth, added, serial, written_in):
    number = digits(birth, added) + serial
    assert normal_personal_number(number, written_in) == number


@pytest.mark.parametrize(
    ("text", "written_in", "expected"),
    [
        pytest.param("200101+1232", 2020, "192001011232", id="turns a hundred that year"),
        pytest.param("200101-1232", 2019, "192001011232", id="is ninety-nine"),
        pytest.param("200101-1232", 2020, "202001011232", id="was born that year"),
        pytest.param("991231+1232", 2020, "189912311232", id="over a hundred and twenty"),
        pytest.param("701063-2391", 2026, "197010632391", id="coordination number"),
        pytest.param("19900101-t001", 2026, "19900101T001", id="interim number"),
        pytest.param("AB 12-34.56", 2026, "AB123456", id="foreign number"),
        pytest.param("٧٠١٠٠٣-٢٣٩١", 2026, "٧٠١٠٠٣٢٣٩١", id="digits of another script"),
    ],
)
def test_the_century_follows_from_the_sign_and_the_year(text, written_in, expected):
    assert normal_personal_number(text, written_in) == expected


def test_a_person_and_one_born_a_hundred_years_later_are_two():
    assert normal_personal_number("200101+1232", 2026) != normal_personal_number("200101-1232", 2026)
