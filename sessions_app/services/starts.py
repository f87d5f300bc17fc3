"""Remote starts: somebody asks, the station promises, and the proof is the station's own start (OCPP 1.6 §5.11, 2.0.1 F01)."""

import secrets
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts import access, card_numbers
from accounts.models import ApiKey, Driver, Token, User
from accounts.services import tokens
from cms.core import rows
from cms.core.errors import Conflict, Forbidden, Invalid
from cms.core.prepared import Given, prepared
from sessions_app.models import StartRequest
from stations.models import EVSE, ChargingStation, Command
from stations.services import announce, commands
from stations.vocabulary.commands import RequestStart
from stations.vocabulary.values import EvseRef, IdToken

from . import authorisation
from .books import Held

WAITS = timedelta(seconds=120)  # for the cable; stations themselves give up after ConnectionTimeOut, 60 s or so
TOO_LATE = timedelta(minutes=15)  # a start that comes after its request expired is still its own, for as long

_REFUSALS = {
    "Blocked": ("token_blocked", gettext_lazy("This token is blocked.")),
    "Expired": ("token_expired", gettext_lazy("This token has expired.")),
}


@transaction.atomic
def remote(*, evse: EVSE, token: Token, by: User | ApiKey | None, driver: Driver | None) -> StartRequest:
    """Asks the station to start with that token. A second request for the same start finds the first.

    Raises Invalid for another operator's token, Conflict token_blocked, token_expired, driver_blocked, station_offline or what the
    credit check says (company_cap_reached, member_cap_reached, wallet_empty, payment_overdue), Forbidden for a person who neither owns the token nor works for the operator.
    """
    station = evse.station
    _check(station, token, by, driver)
    Token.objects.select_for_update(no_key=True).get(pk=token.pk)  # a double tap: the second waits, and finds the first
    now = timezone.now()
    waiting = StartRequest.objects.filter(
        station=station, evse_id=evse.evse_id, token=token, status=StartRequest.Status.WAITING, expires_at__gt=now
    ).first()
    if waiting is not None:
        return waiting
    (number,) = rows.allocate(StartRequest, 1)
    word = RequestStart(IdToken(token.uid, token.type), number, EvseRef(evse.evse_id))
    return StartRequest.objects.create(
        pk=number,
        operator_id=station.operator_id,
        station=station,
        evse_id=evse.evse_id,
        driver=driver,
        token=token,
        command=commands.request(station=station, command=word, by=by),
        public_token=secrets.token_urlsafe(16),
        expires_at=now + WAITS,
    )


def _check(station: ChargingStation, token: Token, by: User | ApiKey | None, driver: Driver | None) -> None:
    if token.operator_id != station.operator_id:
        raise Invalid({"token": [_("This token belongs to another operator.")]})
    if by is not None and not _own(by, token, driver):
        access.demand(by, "station.command", station)
    if driver is not None and driver.blocked:
        raise Conflict(_("This account is blocked."), code="driver_blocked")
    status = tokens.verdict(token).status
    if status in _REFUSALS:
        code, text = _REFUSALS[status]
        raise Conflict(str(text), code=code)
    if token.driver_id is not None:
        refused = authorisation.refusals([token.driver_id]).get(token.driver_id)
        if refused is not None:
            raise Conflict(refused.text, code=refused.code)


def _own(by: User | ApiKey, token: Token, driver: Driver | None) -> bool:
    """A driver starts with a token of his own, and with no other."""
    if not isinstance(by, User) or driver is None or driver.user_id != by.pk:
        return False
    if token.driver_id != driver.pk:
        raise Forbidden(_("This token is not yours."), action="start")
    return True


class _Waiting(NamedTuple):
    id: int
    station_id: int
    evse_id: int
    token: str | None  # None: deleted meanwhile
    command_id: int
    status: str


def match(begun: Sequence[Held]) -> None:
    """Sessions that have just begun fulfil the requests they came from: by the number we gave (2.x), else by place and token.
    Two statements per batch, one more for each kind of change."""
    if not begun:
        return
    requests = _open_requests({held.station_id for held in begun})
    fulfilled: dict[int, tuple[_Waiting, Held]] = {}
    for held in begun:
        for request in requests:
            if request.id not in fulfilled and _fits(request, held):
                fulfilled[request.id] = (request, held)
                break
    now = timezone.now()
    started = StartRequest.Status.STARTED.value
    rows.update(
        StartRequest,
        ["id"],
        ["session_id", "status", "updated_at"],
        [(number, held.id, started, now) for number, (_request, held) in sorted(fulfilled.items())],
    )
    commands.seen_all({request.command_id: (request.station_id, now) for request, _held in fulfilled.values()})


def _open_requests(stations: Iterable[int]) -> list[_Waiting]:
    """Who still waits comes before who gave up, the newest first: a driver whose first try expired tries again."""
    found = [_Waiting(*row) for row in _open(timezone.now() - TOO_LATE, sorted(stations))]
    return sorted(found, key=lambda request: (request.status != StartRequest.Status.WAITING, -request.id))


@prepared
def _open(since: Given, stations: Given) -> QuerySet:
    """A station that did not answer in time may start all the same; one that said no has not promised anything."""
    given_up = (StartRequest.Status.EXPIRED.value, StartRequest.Status.REFUSED.value)
    late = Q(status__in=given_up, expires_at__gt=since) & ~Q(command__status=Command.Status.REJECTED.value)
    found = StartRequest.objects.filter(Q(status=StartRequest.Status.WAITING.value) | late, session=None)
    columns = ("pk", "station_id", "evse_id", "token__key", "command_id", "status")
    return found.filter(station__among=stations).values_list(*columns)


def _fits(request: _Waiting, held: Held) -> bool:
    if request.station_id != held.station_id:
        return False
    if held.state.remote is not None:
        return request.id == held.state.remote
    if request.token is None or held.state.evse not in (None, request.evse_id):
        return False
    return card_numbers.key(held.state.token) == card_numbers.key(request.token)


def expire(*, now: datetime) -> int:
    """The sweep: requests that the station refused, and those whose car never came. Returns how many changed."""
    waiting = StartRequest.objects.filter(status=StartRequest.Status.WAITING)
    failed = waiting.filter(command__status__in=(Command.Status.REJECTED, Command.Status.ERROR, Command.Status.TIMEOUT))
    return _give_up(failed, StartRequest.Status.REFUSED) + _give_up(
        waiting.filter(expires_at__lte=now), StartRequest.Status.EXPIRED
    )


def _give_up(requests: QuerySet[StartRequest], status: str) -> int:
    told = list(requests.values_list("pk", "command_id", "station_id")[:200])
    changed = StartRequest.objects.filter(
        pk__in=[pk for pk, _command, _station in told], status=StartRequest.Status.WAITING
    ).update(status=status, updated_at=timezone.now())
    for _pk, command, station in told:
        announce.command(id=command, station_id=station)
    return changed
