"""What billing asks of a payment provider. The fake one stands beside it; `stripe_gateway` is the only importer of stripe.

Amounts are Decimals of the currency unit, references the provider's own ids. Every call that moves something names an idempotency
key: the same key never moves money twice, and gives the same answer again.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, Protocol

from django.conf import settings
from django.utils.module_loading import import_string

from cms.core.errors import DomainError, Invalid

# in place of a provider: our own prepaid balance, and transfers to the bank account that a person entered
WALLET, BANK = "wallet", "bank"
OURS = frozenset({WALLET, BANK})

GATEWAYS = {
    "fake": "billing.payments.fake_gateway.FakeGateway",
    "stripe": "billing.payments.stripe_gateway.StripeGateway",
}


class Declined(DomainError):
    """The bank, or the provider, said no: no money moved. `reason` is the provider's word (payments.declines knows sentences),
    `reference` its payment, where it made one."""

    code = "payment_declined"
    http_status = 402

    def __init__(self, reason: str, sentence: str, *, reference: str = "") -> None:
        super().__init__(sentence, reason=reason)
        self.reason = reason
        self.reference = reference


class Unknown(DomainError):
    """The provider knows no such thing."""

    code = "payment_unknown"
    http_status = 404


class BadSignature(Invalid):
    """An event that the provider has not signed, or too long ago."""

    code = "bad_signature"


class State(StrEnum):
    """What has become of a payment at the provider."""

    PENDING = "pending"  # the bank has not answered yet
    ACTION_NEEDED = "action_needed"  # the customer must give a card, or approve it (3-D Secure)
    AUTHORIZED = "authorized"
    CAPTURED = "captured"
    RELEASED = "released"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Card:
    """How a saved payment method looks. `wallet`: apple_pay, google_pay or ""."""

    reference: str
    kind: str = "card"
    brand: str = ""
    last4: str = ""
    exp_month: int | None = None
    exp_year: int | None = None
    wallet: str = ""


@dataclass(frozen=True, slots=True)
class Setup:
    """A card that is being saved: ACTION_NEEDED (the browser needs `client_secret` or goes to `action_url`), CAPTURED (saved: `card`)
    or FAILED."""

    reference: str
    state: State
    client_secret: str = ""
    action_url: str = ""
    card: Card | None = None
    error_code: str = ""


@dataclass(frozen=True, slots=True)
class Order:
    """What to block or to charge. Without `method` the customer chooses on our page; without `return_url` nobody is there to
    approve anything (off session), and a bank that wants that declines with authentication_required. `later`: hold only.
    `reference` is ours, kept with the provider's payment."""

    amount: Decimal
    currency: str
    customer: str = ""
    method: str = ""
    return_url: str = ""
    later: bool = False
    reference: str = ""


@dataclass(frozen=True, slots=True)
class Intent:
    """A payment as the provider keeps it. `amount` is held or to be charged, `captured` came in, `refunded` went back."""

    reference: str
    state: State
    amount: Decimal
    currency: str
    captured: Decimal = Decimal(0)
    refunded: Decimal = Decimal(0)
    client_secret: str = ""
    action_url: str = ""
    error_code: str = ""
    error: str = ""
    expires_at: datetime | None = None
    card: Card | None = None


@dataclass(frozen=True, slots=True)
class Given:
    """A refund at the provider; `pending` until the bank has it."""

    reference: str
    amount: Decimal
    failed: bool = False
    pending: bool = False


@dataclass(frozen=True, slots=True)
class Contest:
    """A dispute as it stands now. `state` is Stripe's word: needs_response, under_review, won, lost; warning_… is a question of
    the bank, for which no money is taken; prevented ended before any was."""

    reference: str
    reason: str
    state: str


@dataclass(frozen=True, slots=True)
class PaidOut:
    reference: str
    amount: Decimal
    currency: str
    status: str
    paid_at: datetime
    arrives_on: date | None = None


@dataclass(frozen=True, slots=True)
class Movement:
    """One line of the provider's account. `source` is its payment (of a refund: the refund), `ours` the reference we gave it,
    `payout` what it was paid out with, "" so far. `kind` as billing.models.PayoutItem.Kind."""

    reference: str
    kind: str
    source: str
    gross: Decimal
    fee: Decimal
    net: Decimal
    currency: str
    booked_at: datetime
    payout: str = ""
    ours: str = ""


@dataclass(frozen=True, slots=True)
class Event:
    """What a provider told. `about` is the reference of the payment, setup or payout it concerns."""

    id: str
    kind: str
    about: str
    occurred_at: datetime
    content: dict[str, Any]


class PaymentGateway(Protocol):
    """Raises Declined (no money moved), cms.core.errors.Unavailable (nobody knows; the same call with the same key follows
    later) and Unknown for a reference it has never given."""

    name: str
    can_increment: bool

    def customer(self, *, reference: str, name: str, email: str, key: str) -> str: ...

    def save_card(self, *, customer: str, return_url: str, key: str) -> Setup: ...

    def setup(self, *, reference: str) -> Setup: ...

    def forget_card(self, *, card: str) -> None: ...

    def place(self, order: Order, *, key: str) -> Intent: ...

    def increment(self, *, intent: str, amount: Decimal, currency: str, key: str) -> Intent:
        """To the new whole `amount`."""
        ...

    def capture(self, *, intent: str, amount: Decimal, currency: str, key: str) -> Intent:
        """The rest of the hold is released. A second time: the state as it is."""
        ...

    def release(self, *, intent: str, key: str) -> Intent: ...

    def refund(self, *, intent: str, amount: Decimal, currency: str, key: str) -> Given: ...

    def retrieve(self, *, intent: str) -> Intent: ...

    def find(self, *, key: str, since: datetime) -> Intent | None:
        """What became of `place` with that key, for when the key itself has been forgotten."""
        ...

    def find_refund(self, *, intent: str, key: str) -> Given | None: ...

    def contest(self, *, reference: str) -> Contest: ...

    def payouts(self, *, since: datetime) -> Iterable[PaidOut]: ...

    def movements(self, *, since: datetime) -> Iterable[Movement]: ...

    def parse_event(self, *, body: bytes, signature: str) -> Event:
        """Raises BadSignature."""
        ...


def current() -> PaymentGateway:
    """The provider that new payments go to (settings.PAYMENT_GATEWAY: a name of GATEWAYS)."""
    return of(settings.PAYMENT_GATEWAY)


def of(name: str) -> PaymentGateway:
    """The one that an existing payment was made with."""
    provider: PaymentGateway = import_string(GATEWAYS[name])()
    return provider
