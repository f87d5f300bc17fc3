"""No person and no program makes a price that the law forbids (AFIR art. 5 (4)): not by publishing, not by saying where it holds.

The system itself (seeds, imports) is not asked: what another system charged is a fact.
"""

from collections.abc import Sequence
from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import ApiKey, User
from billing.models import Tariff, TariffAssignment, TariffVersion
from billing.selectors import reach
from billing.selectors.reach import Point
from billing.tariffs import afir, parsing
from billing.tariffs.model import Tariff as Parsed
from cms.core.errors import Conflict

NAMED = 5


def demand_version(version: TariffVersion, *, by: User | ApiKey | None) -> None:
    """After it was written, before it is committed. Raises Conflict(afir)."""
    if by is not None and afir.objections(_parsed(version)):
        tariff = version.tariff
        _refuse(reach.fast_ad_hoc(tariff.operator, tariff, version.valid_from))


def demand_assignment(row: TariffAssignment, *, by: User | ApiKey | None) -> None:
    """Before it is written. Raises Conflict(afir)."""
    if by is None or row.tariff is None or row.plan_id or row.driver_group_id or row.partner:
        return
    version = _valid(row.tariff, row.valid_from)
    if version is not None and afir.objections(_parsed(version)):
        _refuse(reach.would_have(row, row.valid_from))


def _valid(tariff: Tariff, at: datetime) -> TariffVersion | None:
    return tariff.versions.standing().filter(valid_from__lte=at).order_by("-valid_from", "-number").first()


def _parsed(version: TariffVersion) -> Parsed:
    return parsing.tariff(
        parsing.loads(version.elements),
        currency=version.currency,
        tax_included=version.tax_included,
        min_price=version.min_price,
        max_price=version.max_price,
    )


def _refuse(points: Sequence[Point]) -> None:
    if not points:
        return
    named = ", ".join(point.uid for point in points[:NAMED])
    rest = len(points) - NAMED
    if rest > 0:
        named += " " + ngettext("and %(n)s more", "and %(n)s more", rest) % {"n": rest}
    sentence = _(
        "At 50 kW and more the price without a contract may only be per kWh, with a fee per minute for staying (AFIR art. 5). "
        "These points would break that: %(points)s."
    )
    raise Conflict(sentence % {"points": named}, code="afir", points=[point.uid for point in points])
