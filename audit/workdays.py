"""Working days of a country: what moves the last day of a time limit."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache

import holidays

from audit.errors import UsageError
from audit.lean import one_country

_EVES = "de_facto"  # what the holidays library calls days that count as holidays without being on the list


@dataclass(frozen=True)
class Calendar:
    """The working days of a member state: not Saturdays, Sundays nor public holidays.

    Args:
        country: ISO 3166 code; the holidays are its list under Regulation 1182/71 art. 2.
        eves: whether the eves that national custom treats as holidays count too (in Sweden lag 1930:173).

    Raises:
        UsageError: a country whose holidays are not known, or one without such eves.
    """

    country: str
    eves: bool = False

    def __post_init__(self) -> None:
        kinds = _kinds(self.country)
        if self.eves and _EVES not in kinds:
            raise UsageError("this country has no eves that count as holidays", expected="eves_as_holidays = false")

    def holiday(self, day: date) -> str | None:
        """The name of the public holiday on a day, in the country's own language."""
        return _holidays(self.country, self.eves, day.year, day.year).get(day)

    def is_working_day(self, day: date) -> bool:
        return day.weekday() < 5 and self.holiday(day) is None

    def next_working_day(self, day: date) -> date:
        """The day itself if it is a working day, else the first one after it (Regulation 1182/71 art. 3(4))."""
        while not self.is_working_day(day):
            day += timedelta(days=1)
        return day

    def holidays(self, first_year: int, last_year: int) -> Iterator[tuple[date, str]]:
        """Every public holiday of some years, in order."""
        yield from sorted(_holidays(self.country, self.eves, first_year, last_year).items())


@cache
def _kinds(country: str) -> tuple[str, ...]:
    unknown = UsageError("the holidays of this country are not known", expected="an ISO 3166 code such as SE")
    if not re.fullmatch("[A-Z]{2}", country):  # the library would take a country's name too
        raise unknown
    try:
        with one_country():
            return tuple(holidays.country_holidays(country).supported_categories)
    except NotImplementedError:
        raise unknown from None


@cache
def _holidays(country: str, eves: bool, first_year: int, last_year: int) -> Mapping[date, str]:
    kinds = ("public", _EVES) if eves else ("public",)
    with one_country():
        years = range(first_year, last_year + 1)
        found = holidays.country_holidays(country, years=years, categories=kinds, language=_language(country))
    return dict(found.items())


@cache
def _language(country: str) -> str | None:
    with one_country():
        language: str | None = holidays.country_holidays(country).default_language
    return language
