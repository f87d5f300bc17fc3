"""Why this price? From the assignments that were looked at to the rounded cents, for a page: every figure of a charge derived."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from django.utils.translation import gettext as _

from billing import pricing
from billing.models import CDR, TariffAssignment, TariffVersion
from billing.selectors import assignments, costs, derivations, session_prices
from billing.selectors.assignments import Considered, Verdict
from billing.selectors.derivations import Derived, Step
from billing.selectors.session_prices import Agreed
from billing.services.charges import rerating
from billing.tariffs import exact, figures, terms
from billing.tariffs.rounding import Kind, VatRow
from billing.tariffs.trace import Trace
from sessions_app.models import ChargingSession


@dataclass(frozen=True, slots=True)
class Explanation:
    """`considered`: the assignments that fit, best first, as they are today; `agreed`: what the session began with. `differs`: what
    comes out otherwise when its record is computed again from the evidence; None without a record."""

    agreed: Agreed
    considered: Sequence[Considered]
    version: TariffVersion | None
    trace: Trace | None
    lines: Sequence[Derived]
    totals: Sequence[Step]
    vat: Sequence[VatRow]
    rule: str
    cdr: CDR | None
    holidays: Sequence[str]
    differs: Sequence[str] | None


def whose(told: Explanation) -> str:
    """To the driver: for whom and where the price is. What an operator calls a group is the operator's; "" where nobody set a price."""
    row = next((one.assignment for one in told.considered if one.verdict is Verdict.WON), None)
    if row is None:
        return ""
    return ", ".join(said for said in (_for_whom(row), _where(row)) if said) + "."


def _for_whom(row: TariffAssignment) -> str:
    if row.plan:
        return _("The price of your plan %(name)s") % {"name": row.plan}
    if row.driver_group:
        return _("A price for your group")
    if row.partner:
        return _("The price for customers of %(name)s") % {"name": row.partner}
    return _("The price for charging without an account") if row.ad_hoc else _("The price for everybody")


def _where(row: TariffAssignment) -> str:
    if row.evse:
        return _("at this charging point")
    if row.station:
        return _("at this charger")
    place = _("at %(place)s") % {"place": row.location} if row.location else ""
    return ", ".join(said for said in (place, row.get_power_type_display() if row.power_type else "") if said)


def of(session: ChargingSession, language: str) -> Explanation:
    """Of its standing record, else as it runs."""
    agreed = session_prices.of([session])[session.pk]
    cost = costs.of(session, language)
    cdr = cost.cdr if cost else None
    version = cost.version if cost else agreed.version
    tariff = pricing.parsed(version) if version else None
    trace = cost.trace if cost else None
    return Explanation(
        agreed=agreed,
        considered=assignments.considered(agreed.place, agreed.who, agreed.at),
        version=version,
        trace=trace,
        lines=derivations.of(trace, tariff, language, visit=cost.visit, granted=cost.granted) if trace and cost else [],
        totals=_totals(trace, cdr, language) if trace else [],
        vat=trace.vat_rows if trace else (),
        rule=rule(gross=trace.gross, currency=trace.currency) if trace else "",
        cdr=cdr,
        holidays=json.loads(cdr.snapshot).get("holidays", ()) if cdr else (),
        differs=_differs(cdr) if cdr else None,
    )


def rule(*, gross: bool, currency: str) -> str:
    """How amounts are rounded and VAT is found (docs/decisions/0010)."""
    if exact.exponent(currency) == 2:
        first = _(
            "Each line is rounded half up to the cent; the exact total is rounded once, and a difference is a line of its own."
        )
    else:
        first = _(
            "Each line is rounded half up to the smallest coin; the exact total is rounded once, and a difference is a line of its own."
        )
    if gross:
        return (
            first + " " + _("Prices include VAT: for each rate, taxable = total ÷ (1 + rate), VAT = total − taxable.")
        )
    return first + " " + _("Prices are without VAT: for each rate, VAT = taxable × rate.")


def _differs(cdr: CDR) -> list[str]:
    return [found.what for found in rerating.verify(CDR.objects.filter(pk=cdr.pk)) if found.matters]


# ---- totals --------------------------------------------------------------------------------------------------------


def _totals(trace: Trace, cdr: CDR | None, language: str) -> list[Step]:
    own = sum((line.exact for line in trace.lines if line.kind is not Kind.ROUNDING), Fraction(0))
    exact_total = exact.number_of(cdr.exact_incl_vat if trace.gross else cdr.exact_excl_vat) if cdr else own
    total = trace.incl_vat if trace.gross else trace.excl_vat
    steps = [
        Step(_("Exact total"), derivations.exact_money(exact_total, trace, language)),
        Step(_("Rounded once"), figures.money(total, trace.currency, language)),
    ]
    if cdr and cdr.terms:
        steps += [Step(granted.label, _took(used, trace, language)) for granted, used in terms.uses(cdr.terms)]
    return steps


def _took(used: terms.Used, trace: Trace, language: str) -> str:
    said = []
    if used.wh:
        said.append(_("%(energy)s of what is included") % {"energy": figures.kwh(used.wh / 1000, language)})
    if used.seconds:
        said.append(_("%(time)s of what is included") % {"time": figures.duration(used.seconds)})
    if used.discount:
        said.append(figures.money(-used.discount, trace.currency, language))
    return "; ".join(said) or _("nothing was taken")
