"""Public holidays of a site, by its country and province (library `holidays`): Italian provinces add their patron saint's day."""

from dataclasses import dataclass
from datetime import date
from functools import lru_cache

import holidays

from stations.models import Location


@dataclass(frozen=True, slots=True)
class Calendar:
    """A container of dates: `date(2026, 8, 15) in calendar`. A country that nobody knows has no holidays; a province that nobody
    knows has those of its country."""

    country: str
    province: str = ""

    def __contains__(self, day: object) -> bool:
        return isinstance(day, date) and day in _of_year(self.country, self.province, day.year)


NO_HOLIDAYS = Calendar("")


def of(location: Location | None) -> Calendar:
    return NO_HOLIDAYS if location is None else Calendar(location.country_code.upper(), location.province.upper())


@lru_cache(maxsize=1)
def _countries() -> dict[str, list[str]]:
    return holidays.list_supported_countries(include_aliases=False)


@lru_cache(maxsize=512)
def _of_year(country: str, province: str, year: int) -> frozenset[date]:
    known = _countries()
    if country not in known:
        return frozenset()
    subdivision = province if province in known[country] else None
    return frozenset(holidays.country_holidays(country, subdiv=subdivision, years=year))
