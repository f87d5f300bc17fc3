"""May this token charge? Whoever knows tokens is asked through `TOKEN_AUTHORIZERS`, whoever knows what is paid through
`CREDIT_CHECK`; what runs already is ours to know."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import NamedTuple

from django.conf import settings
from django.db.models import QuerySet
from django.utils.module_loading import import_string

from accounts.models import Token
from accounts.services.tokens import Asked, Verdict
from cms.core.prepared import Given, prepared
from sessions_app.models import ChargingSession
from stations.vocabulary.events import StationEvent, TokenPresented
from stations.vocabulary.replies import Authorization
from stations.vocabulary.values import IdToken

from .books import Place

UNKNOWN = "Unknown"
ACCEPTED = "Accepted"
CONCURRENT = "ConcurrentTx"


class Refusal(NamedTuple):
    """Why a driver may not begin another charge: what a station is told (OCPP 2.x), one word for machines, a sentence for the
    driver."""

    status: str
    code: str
    text: str


class Claim(NamedTuple):
    """A token that wants to start somewhere. `late`: it did so a while ago, so nobody asks any more who pays."""

    verdict: Verdict
    place: Place
    late: bool = False


def present(events: Sequence[TokenPresented]) -> list[Authorization]:
    """Authorize only asks: it leaves no session, and what runs already does not matter (behaviour 10, 11). A driver who is charging
    may be about to stop with the card: that needs no credit."""
    asked = [(event, event.token) for event in events]
    found = verdicts(asked)
    solvent = _solvent(found)
    poor = [before.driver_id for before, after in zip(found, solvent, strict=True) if before is not after]
    charging = _charging(poor) if poor else set()
    said = [b if b.driver_id in charging else after for b, after in zip(found, solvent, strict=True)]
    return [answer(verdict, event.token) for event, verdict in zip(events, said, strict=True)]


def verdicts(asked: Sequence[tuple[StationEvent, IdToken]]) -> list[Verdict]:
    """One per question, in order: each authorizer is asked about what those before it do not know."""
    answers = [Verdict(UNKNOWN)] * len(asked)
    open_questions = list(range(len(asked)))
    for path in settings.TOKEN_AUTHORIZERS:
        if not open_questions:
            break
        authorize: Callable[[Sequence[Asked]], Sequence[Verdict]] = import_string(path)
        questions = [Asked(asked[place][0].station.operator, asked[place][1]) for place in open_questions]
        for place, verdict in zip(open_questions, authorize(questions), strict=True):
            answers[place] = verdict
        open_questions = [place for place in open_questions if answers[place].status == UNKNOWN]
    return answers


def answer(verdict: Verdict, token: IdToken) -> Authorization:
    return Authorization(verdict.status, verdict.group, verdict.expires_at, token.text)


def starting(claims: Sequence[Claim]) -> list[Verdict]:
    """The verdicts on tokens that start: ConcurrentTx where a token would run more sessions than it may (api-contract §5).

    Locks the tokens, so that two gateways count one after the other; starts earlier in the same batch count. What runs at the
    claimed place does not count, its stop was lost (behaviour 17), nor does a session nobody has heard of for long (quirk 33).
    """
    solvent = _solvent([claim.verdict for claim in claims])
    claims = [
        claim if claim.late else claim._replace(verdict=verdict) for claim, verdict in zip(claims, solvent, strict=True)
    ]
    limited = {claim.verdict.token_id for claim in claims if _is_limited(claim.verdict)}
    if not limited:
        return [claim.verdict for claim in claims]
    places = _running(sorted(token for token in limited if token is not None))
    decided = []
    for verdict, place, _late in claims:
        if _is_limited(verdict):
            taken = places[verdict.token_id]  # type: ignore[index]  # limited: known
            if len(taken - {place}) >= (verdict.max_active or 0):
                verdict = verdict._replace(status=CONCURRENT)
            else:
                taken.add(place)
        decided.append(verdict)
    return decided


def refusals(driver_ids: Sequence[int]) -> dict[int, Refusal]:
    """Drivers whose next charge nobody would pay, and why; see `settings.CREDIT_CHECK`."""
    if not driver_ids or not settings.CREDIT_CHECK:
        return {}
    check: Callable[[Sequence[int]], dict[int, Refusal]] = import_string(settings.CREDIT_CHECK)
    return check(driver_ids)


def _solvent(found: Sequence[Verdict]) -> list[Verdict]:
    """The same verdicts, but for those that the credit check refuses."""
    drivers = {one.driver_id for one in found if one.status == ACCEPTED and one.driver_id is not None}
    refused = refusals(sorted(drivers))
    return [
        one._replace(status=refused[one.driver_id].status)
        if one.status == ACCEPTED and one.driver_id in refused
        else one
        for one in found
    ]


def _charging(drivers: Sequence[int | None]) -> set[int | None]:
    running = ChargingSession.objects.occupying().filter(driver__in=drivers)
    return set(running.values_list("driver_id", flat=True))


def _is_limited(verdict: Verdict) -> bool:
    return verdict.status == ACCEPTED and verdict.max_active is not None and verdict.token_id is not None


def _running(tokens: list[int]) -> defaultdict[int, set[Place]]:
    _lock(tokens)
    places: defaultdict[int, set[Place]] = defaultdict(set)
    for token_id, station_id, evse_id, transaction_id in _occupying(tokens):
        places[token_id].add((station_id, transaction_id if evse_id is None else evse_id))
    return places


@prepared
def _lock(tokens: Given) -> QuerySet:
    return Token.objects.filter(pk__among=tokens).order_by("pk").select_for_update(no_key=True).values_list("pk")


@prepared
def _occupying(tokens: Given) -> QuerySet:
    running = ChargingSession.objects.occupying().filter(token_id__among=tokens)
    return running.values_list("token_id", "station_id", "evse_id", "transaction_id")
