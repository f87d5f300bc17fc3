"""Cards and app accounts: may they charge, and their life in our books."""

import secrets
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple, Protocol, TypedDict, Unpack

from django.db import IntegrityError, models, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import access, card_numbers
from accounts.models import ApiKey, Driver, Operator, Token, User
from cms.core.errors import Invalid
from cms.core.models import checked
from cms.core.prepared import Given, prepared

APP_PREFIX, ONCE_PREFIX = "APP-", "QR-"
APP_SIGNS = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"  # people read these out: no I, O, 0, 1


class Presented(Protocol):
    """What a station shows us of a token; stations.vocabulary.values.IdToken fits."""

    @property
    def text(self) -> str: ...
    @property
    def type(self) -> str | None: ...


class Asked(NamedTuple):
    """`operator` is the primary key of the station's operator."""

    operator: int
    token: Presented


class Verdict(NamedTuple):
    """`status`: Accepted, Blocked, Expired or Unknown (1.6 says Invalid). ConcurrentTx is a matter of sessions:
    compare `max_active` (None = any number) with what `token_id` has running."""

    status: str
    group: str = ""
    expires_at: datetime | None = None
    token_id: int | None = None
    driver_id: int | None = None
    max_active: int | None = None


UNKNOWN = Verdict("Unknown")
NO_TOKEN = Verdict("Accepted")  # OCPP 2.0.1 C02: a start button, idToken of type NoAuthorization


class Details(TypedDict, total=False):
    """What a token may be told besides its text."""

    driver: Driver | None
    type: str | None
    label: str
    parent_id_tag: str | None
    status: str
    expires_at: datetime | None
    max_active_sessions: int | None


def authorize(asked: Sequence[Asked]) -> list[Verdict]:
    """One verdict per question, in order, with one query for all of them (behaviour 10); a second one only where a card is not
    known as it is spelt (quirk 46): another spelling of its number will do.

    Another operator's token is unknown. Blocked (the token or its driver) comes before Expired.
    """
    shown = {(one.operator, one.token.text.upper()) for one in asked if one.token.type != "NoAuthorization"}
    known = _known(shown) if shown else {}
    if unknown := shown - known.keys():
        known |= _respelt(unknown)
    return [
        NO_TOKEN if one.token.type == "NoAuthorization" else known.get((one.operator, one.token.text.upper()), UNKNOWN)
        for one in asked
    ]


def _respelt(shown: set[tuple[int, str]]) -> dict[tuple[int, str], Verdict]:
    spellings = {(operator, text): card_numbers.spellings(text)[1:] for operator, text in shown}
    wanted = {(operator, key) for (operator, _text), keys in spellings.items() for key in keys}
    known = _known(wanted) if wanted else {}
    found = {
        (operator, text): next((known[operator, key] for key in keys if (operator, key) in known), None)
        for (operator, text), keys in spellings.items()
    }
    return {place: verdict for place, verdict in found.items() if verdict is not None}


def verdict(token: Token) -> Verdict:
    """The same for a row at hand."""
    blocked = token.status == Token.Status.BLOCKED or bool(token.driver and token.driver.blocked)
    return Verdict(
        _status(blocked, token.expires_at, timezone.now()),
        token.parent_id_tag or "",
        token.expires_at,
        token.pk,
        token.driver_id,
        token.max_active_sessions,
    )


def create(*, operator: Operator, id_tag: str, by: User | ApiKey | None, **details: Unpack[Details]) -> Token:
    """A new token. Raises Invalid by field; `id_tag` is refused where this operator has it in any case."""
    _demand(by, operator)
    token = Token(operator=operator, uid=id_tag.strip(), **details)
    if token.uid in (".", ".."):
        raise Invalid({"id_tag": [_("Dots alone mean something else in an address.")]})
    _check(token)
    try:
        with transaction.atomic():
            token.save(force_insert=True)
    except IntegrityError as clash:
        if not Token.objects.filter(operator=operator, key=token.uid.upper()).exists():
            raise
        raise Invalid({"id_tag": [_("There is a token with this id already.")]}) from clash
    return token


def update(*, token: Token, by: User | ApiKey | None, **details: Unpack[Details]) -> Token:
    """Changes what is named and nothing else. Raises Invalid by field."""
    _demand(by, token)
    for name, value in details.items():
        setattr(token, name, value)
    _check(token)
    token.save(update_fields=[*details, "updated_at"])
    return token


def block(*, token: Token, by: User | ApiKey | None) -> Token:
    return update(token=token, by=by, status=Token.Status.BLOCKED)


def unblock(*, token: Token, by: User | ApiKey | None) -> Token:
    return update(token=token, by=by, status=Token.Status.ACCEPTED)


def delete(*, token: Token, by: User | ApiKey | None) -> None:
    """Sessions keep the text of the tag, past and running ones; a start that waits for it is answered as for any unknown tag."""
    _demand(by, token)
    token.delete()


def issue_app_token(*, driver: Driver) -> Token:
    """The token that stands for the driver's phone: one per driver, short enough for a 1.6 idTag (20 characters)."""
    existing = Token.objects.filter(driver=driver, app=True).first()
    if existing:
        return existing
    try:
        with transaction.atomic():
            return Token.objects.create(
                operator=driver.operator, driver=driver, uid=_made_up(APP_PREFIX), type="Central", app=True
            )
    except IntegrityError:  # a second request of the same driver was quicker
        return Token.objects.get(driver=driver, app=True)


def issue_for_one_charge(*, operator: Operator, expires_at: datetime, direct: bool) -> Token:
    """For somebody we do not know, who has paid. `direct`: the station knows the type DirectPayment (OCPP 2.1); others are told
    Central, which our own system vouches for."""
    kind = Token.Type.DIRECT_PAYMENT if direct else Token.Type.CENTRAL
    return Token.objects.create(
        operator=operator, uid=_made_up(ONCE_PREFIX), type=kind, expires_at=expires_at, max_active_sessions=1
    )


def _made_up(prefix: str) -> str:
    """Short enough for a 1.6 idTag (20 characters), too long to be guessed."""
    return prefix + "".join(secrets.choice(APP_SIGNS) for _sign in range(20 - len(prefix)))


def _known(keys: set[tuple[int, str]]) -> dict[tuple[int, str], Verdict]:
    now = timezone.now()
    operators, texts = (sorted(set(part)) for part in zip(*keys, strict=True))
    return {
        (operator, key): Verdict(
            _status(status == Token.Status.BLOCKED or bool(driver_blocked), expires_at, now),
            group or "",
            expires_at,
            token_id,
            driver_id,
            max_active,
        )
        for operator, key, status, driver_blocked, group, expires_at, token_id, driver_id, max_active in _tokens(
            operators, texts
        )
    }


@prepared
def _tokens(operators: Given, keys: Given) -> models.QuerySet:
    known = Token.objects.filter(operator_id__among=operators, key__among=keys)
    of_driver = ("driver__blocked", "parent_id_tag", "expires_at", "pk", "driver_id", "max_active_sessions")
    return known.values_list("operator_id", "key", "status", *of_driver)


def _status(blocked: bool, expires_at: datetime | None, now: datetime) -> str:
    if blocked:
        return "Blocked"
    return "Expired" if expires_at is not None and expires_at <= now else "Accepted"


def _check(token: Token) -> None:
    token.type = token.type or None
    token.parent_id_tag = token.parent_id_tag or None
    checked(token, names={"uid": "id_tag"})
    if token.driver is not None and token.driver.operator_id != token.operator_id:
        raise Invalid({"driver": [_("This driver is not yours.")]})


def _demand(by: User | ApiKey | None, obj: Operator | Token) -> None:
    if by is not None:
        access.demand(by, "token.edit", obj)
