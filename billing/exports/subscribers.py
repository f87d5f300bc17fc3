"""Who has a plan, as the list shows it: with what is included and used in the month that runs."""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from itertools import islice

from django.utils.translation import gettext_lazy as _

from accounts.models import Operator
from billing.models import Subscription
from billing.models.subscription import SubscriptionQuerySet
from billing.selectors import plans
from billing.tariffs import exact
from cms.core.csv_dialect import Cell

from . import asking, paging
from .kinds import Ask, Column, Format, Kind, Params

CHUNK = 500

COLUMNS = (
    Column("driver", _("Driver")),
    Column("email", _("E-mail"), width=28),
    Column("plan", _("Plan")),
    Column("state", _("State"), width=14),
    Column("since", _("Since"), Format.INSTANT),
    Column("renews", _("Renews"), Format.DAY),
    Column("ends", _("Ends"), Format.DAY),
    Column("currency", _("Currency"), width=9),
    Column("fee", _("Monthly fee"), Format.MONEY, summed=True),
    Column("included_kwh", _("Included, kWh"), Format.ENERGY, summed=True),
    Column("used_kwh", _("Used, kWh"), Format.ENERGY, summed=True),
    Column("included_h", _("Included, h"), Format.NUMBER),
    Column("used_h", _("Used, h"), Format.NUMBER),
)


def clean(operator: Operator, given: Mapping[str, str]) -> Params:
    """As on the list: a state, and a part of a name or address."""
    return asking.choice(given, "status", list(Subscription.Status.values)) | asking.text(given, "search")


def found(ask: Ask) -> SubscriptionQuerySet:
    params = ask.params
    return plans.subscribers(ask.operator, status=params.get("status", ""), name=params.get("search", ""))


def rows(ask: Ask) -> Iterator[list[Cell]]:
    every = paging.by_key(found(ask), newest_first=True)
    while chunk := list(islice(every, CHUNK)):
        yield from map(_row, plans.with_meters(chunk))


def _row(one: plans.Subscriber) -> list[Cell]:
    row, meter = one.subscription, one.meter
    version = row.version
    return [
        str(row.driver),
        row.driver.user.email,
        str(version),
        str(row.get_status_display()),
        row.started_at,
        None if row.cancel_on or row.status == Subscription.Status.ENDED else row.pause_until or row.period_end,
        row.cancel_on,
        version.currency,
        exact.cents(exact.number(version.monthly_fee), version.currency),
        *(_kwh(wh) for wh in ((meter.energy, meter.energy_used) if meter else (None, None))),
        *(_hours(s) for s in ((meter.seconds, meter.seconds_used) if meter else (None, None))),
    ]


def _kwh(wh: Decimal | None) -> Decimal | None:
    return None if wh is None else exact.rounded(exact.number(wh) / 1000, 3)


def _hours(seconds: int | None) -> Decimal | None:
    return None if seconds is None else exact.rounded(exact.number(seconds) / 3600, 2)


KIND = Kind(
    name="subscribers",
    title=_("Subscribers"),
    permission="subscription.view",
    clean=clean,
    stem=lambda ask: asking.stem("subscribers", ask),
    columns=COLUMNS,
    rows=rows,
    count=lambda ask: found(ask).count(),
    says=asking.says,
    listed=False,
    personal=True,
)
