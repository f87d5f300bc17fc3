"""What people ask a file for, made canonical: the same question is the same params, and the same file."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from accounts.models import Operator
from billing.selectors import months
from cms.core import typed
from cms.core.errors import Invalid
from stations.models import Location

from .kinds import Ask, Params


def month(operator: Operator, given: Mapping[str, str]) -> Params:
    """{"month": "2026-10"}; without one the last whole month. Invalid for what is no month."""
    said = given.get("month", "")
    wanted = months.parse(said) if said else months.after(months.this(operator), -1)
    if wanted is None:
        raise Invalid({"month": [_("A month like 2026-10.")]})
    return {"month": f"{wanted:%Y-%m}"}


def months_until(operator: Operator, given: Mapping[str, str]) -> Params:
    """A month, or with "months" = 3 the quarter that it lies in, by its first month."""
    said = given.get("months", "1") or "1"
    if said not in ("1", "3"):
        raise Invalid({"months": [_("A month or a quarter: 1 or 3.")]})
    asked = month(operator, given)
    if said == "1":
        return asked
    inside = month_of(asked)
    return {"month": f"{months.after(inside, -((inside.month - 1) % 3)):%Y-%m}", "months": "3"}


def days(operator: Operator, given: Mapping[str, str]) -> Params:
    """{"month"} where one is named, else {"since", "until"}: both days included; without them this month and the last. What is no
    date is as if it were not there, as on the lists."""
    if given.get("month"):
        return month(operator, given)
    zone_today = timezone.now().astimezone(months.zone(operator)).date()
    since = day(given, "since") or (zone_today.replace(day=1) - timedelta(days=1)).replace(day=1)
    return {"since": f"{since}", "until": f"{day(given, 'until') or zone_today}"}


def day(given: Mapping[str, str], name: str) -> date | None:
    try:
        found = date.fromisoformat(given.get(name, ""))
    except ValueError:
        return None
    return found if months.FIRST <= found.year <= months.LAST else None


def text(given: Mapping[str, str], name: str) -> Params:
    said = typed.line(dict(given), name)
    return {name: said} if said else {}


def choice(given: Mapping[str, str], name: str, among: list[str]) -> Params:
    return {name: given[name]} if given.get(name) in among else {}


def instants(ask: Ask) -> tuple[datetime, datetime]:
    """[since 00:00, the day after until 00:00) at the operator's."""
    first = date.fromisoformat(ask.params["since"])
    after = date.fromisoformat(ask.params["until"]) + timedelta(days=1)
    zone = months.zone(ask.operator)
    start, end = (datetime(on.year, on.month, on.day, tzinfo=zone) for on in (first, after))
    return start.astimezone(UTC), end.astimezone(UTC)


def month_of(params: Mapping[str, str]) -> date:
    found = months.parse(params["month"])
    assert found is not None  # cleaned before
    return found


def stem(word: str, ask: Ask) -> str:
    """charges-2026-10, charges-2026-Q4, charges-2026-09-01-2026-10-31."""
    params = ask.params
    if "month" in params:
        first = month_of(params)
        return f"{word}-{first:%Y}-Q{first.month // 3 + 1}" if params.get("months") == "3" else f"{word}-{first:%Y-%m}"
    return "-".join([word, *(params[name] for name in ("since", "until") if name in params)])


def says(params: Mapping[str, str]) -> str:
    """Params in words: “October 2026”, “1 Sep 2026 – 31 Oct 2026 · Bellini”."""
    said = []
    if "month" in params:
        first = month_of(params)
        quarter = {"n": first.month // 3 + 1, "year": first.year}
        is_quarter = params.get("months") == "3"
        said.append(_("quarter %(n)s of %(year)s") % quarter if is_quarter else date_format(first, "YEAR_MONTH_FORMAT"))
    elif "since" in params or "until" in params:
        ends = [
            date_format(date.fromisoformat(params[n]), "DATE_FORMAT") if n in params else "" for n in ("since", "until")
        ]
        said.append(" – ".join(ends).strip())
    return " · ".join([*said, *(value for name, value in sorted(params.items()) if name not in _UNSAID)])


_UNSAID = {"month", "months", "since", "until", "site"}  # a site says its name: `place`


def site(operator: Operator, given: Mapping[str, str]) -> Params:
    """{"site": key, "place": its name} of one of the operator's; nothing for a stranger's."""
    key = typed.number(dict(given), "site")
    found = Location.objects.filter(operator=operator, pk=key).first() if key is not None else None
    return {"site": str(found.pk), "place": found.name} if found else {}
