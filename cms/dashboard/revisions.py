"""How a charge came to be what it is: what people and we ourselves decided about it, and the bills that followed."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import ApiKey, User
from billing.models import CDR
from cms.core import energy
from cms.templatetags import figures
from sessions_app.models import ChargingSession, Evidence, OrphanVerdict
from sessions_app.selectors import doubts

_KINDS = {  # sessions_app.engine.evidence: ours
    "bounded": gettext_lazy("Ended by the next charge on the same connector"),
    "closed": gettext_lazy("Closed at the last good reading"),
    "doubted": gettext_lazy("Silent for long: doubted"),
    "aged": gettext_lazy("Silent for so long that it counts as ended"),
    "corrected": gettext_lazy("Corrected to %(energy)s"),
    "flagged": gettext_lazy("Checked: %(reasons)s"),
    "accepted": gettext_lazy("Accepted as it is: %(reasons)s"),
    "discarded": gettext_lazy("Discarded: no charge"),
}


@dataclass(frozen=True, slots=True)
class Revision:
    """`who` is "" where nobody in person did it; `why` as typed."""

    at: datetime
    title: str
    who: str
    why: str


def of(session: ChargingSession, *, bills: bool) -> list[Revision]:
    """Newest first; with `bills` also every CDR. Four queries at most."""
    found = [*_decisions(session), *_adopted(session)]
    if bills:
        found += _bills(session)
    return sorted(found, key=lambda one: one.at, reverse=True)


def _decisions(session: ChargingSession) -> Iterable[Revision]:
    rows = Evidence.objects.filter(session=session, kind__in=_KINDS).values_list("kind", "received_at", "facts")
    told = [(kind, at, orjson.loads(text)) for kind, at, text in rows]
    people = names(facts.get("by", "") for _kind, _at, facts in told)
    for kind, at, facts in told:
        who = people.get(facts.get("by", ""), "")
        yield Revision(at, _title(kind, facts), who, facts.get("reason", "") if who else "")


def _title(kind: str, facts: dict[str, Any]) -> str:
    reasons = ", ".join(str(doubts.WORDS.get(word, word)) for word in facts.get("reasons", ()))
    words: dict[str, Any] = {"reasons": reasons or _("nothing to complain about")}
    if kind == "corrected":
        words["energy"] = figures.kwh(energy.from_mwh(facts.get("meter", 0)), 3)
    title: Promise = _KINDS[kind]
    return str(title) % words


def _adopted(session: ChargingSession) -> Iterable[Revision]:
    verdicts = list(OrphanVerdict.objects.filter(session=session).select_related("evidence"))
    people = names(verdict.by for verdict in verdicts)
    for verdict in verdicts:
        title = _("A message that belonged to no charge was given to this one")
        yield Revision(verdict.created_at, title, people.get(verdict.by, ""), verdict.reason)


def _bills(session: ChargingSession) -> Iterable[Revision]:
    for cdr in CDR.objects.filter(session=session).only(
        "created_at", "revision", "total_incl_vat", "currency", "credits"
    ):
        words = {"number": cdr.revision, "amount": figures.money(cdr.total_incl_vat, cdr.currency)}
        title = _("Bill %(number)s: %(amount)s, taken back") if cdr.credits_id else _("Bill %(number)s: %(amount)s")
        yield Revision(cdr.created_at, title % words, "", "")


def names(actors: Iterable[str]) -> dict[str, str]:
    """Of user:<pk> and apikey:<pk>. Two queries at most."""
    wanted = {actor.partition(":")[::2] for actor in actors if actor}
    users = {int(pk) for kind, pk in wanted if kind == "user"}
    keys = {int(pk) for kind, pk in wanted if kind == "apikey"}
    found = {f"user:{user.pk}": str(user) for user in User.objects.filter(pk__in=users)} if users else {}
    if keys:
        said = _("key “%(name)s”")
        found |= {f"apikey:{key.pk}": said % {"name": key.name} for key in ApiKey.objects.filter(pk__in=keys)}
    return found
