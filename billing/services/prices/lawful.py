"""No person and no program makes a price that the law forbids (AFIR art. 5 (4)): not by publishing or calling off, not by saying where
a price holds or ends, at no moment that is known.

The system itself (seeds, imports) is not asked: what another system charged is a fact.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import ApiKey, Operator, User
from billing.models import TariffVersion
from billing.selectors import reach
from billing.selectors.assignments import AD_HOC, Book
from billing.tariffs import afir, parsing
from billing.tariffs.model import Tariff as Parsed
from cms.core.errors import Conflict

NAMED = 5


@contextmanager
def kept(operator: Operator, *, by: User | ApiKey | None) -> Iterator[None]:
    """Around a change of prices, in its transaction: raises Conflict(afir) where after it, now or from a later moment on, a point of
    50 kW and more has a forbidden price without a contract that it had not before. What follows an ended price counts like what
    is published."""
    if by is None:
        yield
        return
    before = Book([operator.pk])
    yield
    if broken := _broken(operator, before, Book([operator.pk])):
        _refuse(broken)


def _broken(operator: Operator, before: Book, after: Book) -> dict[str, TariffVersion]:
    """The points, and the price that they may not have."""
    forbidden = {version.pk for version in after.versions() if afir.objections(_parsed(version))}
    if not forbidden:
        return {}
    moments = sorted(before.moments(timezone.now()) | after.moments(timezone.now()))
    broken: dict[str, TariffVersion] = {}
    for place, uids in reach.fast_places(operator).items():
        for at in moments:
            version = after.version(place, at, AD_HOC)
            if version is None or version.pk not in forbidden or version == before.version(place, at, AD_HOC):
                continue
            broken |= dict.fromkeys(uids, version)
            break
    return broken


def _parsed(version: TariffVersion) -> Parsed:
    return parsing.tariff(
        parsing.loads(version.elements),
        currency=version.currency,
        tax_included=version.tax_included,
        min_price=version.min_price,
        max_price=version.max_price,
    )


def _refuse(broken: dict[str, TariffVersion]) -> None:
    points = sorted(broken)
    named = ", ".join(points[:NAMED])
    rest = len(points) - NAMED
    if rest > 0:
        named += " " + _("and %(n)s more") % {"n": rest}
    sentence = _(
        "At 50 kW and more the price without a contract may only be per kWh, with a fee per minute for staying (AFIR art. 5). "
        "These points would break that: %(points)s."
    ) % {"points": named}
    prices = sorted({str(version.tariff) for version in broken.values()})
    sentence += " " + _("Their price would be: %(tariffs)s.") % {"tariffs": ", ".join(prices)}
    raise Conflict(sentence, code="afir", points=points)
