"""Stripe, and nothing else imports it. One PaymentIntent per payment; its `metadata.key` is our idempotency key, so that what became
of it can be found long after Stripe has forgotten the key itself (24 h).

`STRIPE_API_BASE` names a stand-in (localstripe behind our proxy, tests/stripe): it does not know every parameter, so what only
adorns a payment is left out there.
"""

import json
from collections.abc import Callable, Iterator
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any, TypeVar

import stripe
from django.conf import settings

from billing.payments import declines, stripe_objects
from billing.payments.stripe_objects import Facts
from cms.core.errors import Unavailable

from .gateway import (
    BadSignature,
    Card,
    Contest,
    Declined,
    Event,
    Given,
    Intent,
    Movement,
    Order,
    PaidOut,
    Setup,
    State,
    Unknown,
)

TIMEOUT_S = 20
TOLERATED_S = 300  # between an event's signature and now
PAGE = 100

Answer = TypeVar("Answer")


class StripeGateway:
    name = "stripe"

    def __init__(self) -> None:
        self._v1: Any = _client(settings.STRIPE_API_KEY, settings.STRIPE_API_BASE).v1
        self._whole = not settings.STRIPE_API_BASE
        self.can_increment = self._whole

    # ---- who and with what --------------------------------------------------------------------------------------

    def customer(self, *, reference: str, name: str, email: str, key: str) -> str:
        params: dict[str, Any] = {"name": name, "metadata": {"ours": reference}, **({"email": email} if email else {})}
        return str(_told(lambda: self._v1.customers.create(params, _once(key)))["id"])

    def save_card(self, *, customer: str, return_url: str, key: str) -> Setup:
        params: dict[str, Any] = {"customer": customer, "usage": "off_session", "metadata": {"key": key}}
        params |= _on_page() if self._whole else {"payment_method_types": ["card"]}
        return self._setup(_told(lambda: self._v1.setup_intents.create(params, _once(key))))

    def setup(self, *, reference: str) -> Setup:
        return self._setup(_told(lambda: self._v1.setup_intents.retrieve(reference)))

    def forget_card(self, *, card: str) -> None:
        try:
            _asked(lambda: self._v1.payment_methods.detach(card))
        except (Unknown, Declined):
            return  # gone already

    # ---- money in -------------------------------------------------------------------------------------------------

    def place(self, order: Order, *, key: str) -> Intent:
        params: dict[str, Any] = {
            "amount": stripe_objects.units(order.amount, order.currency),
            "currency": order.currency.lower(),
            "capture_method": "manual" if order.later else "automatic",
            "metadata": {"key": key, "ours": order.reference},
        }
        if order.customer:
            params["customer"] = order.customer
        if (
            order.method
        ):  # what the bank wants to hear from its customer, Stripe's script asks on our page: nothing is redirected
            params |= {"payment_method": order.method, "confirm": True}
            params |= {} if order.return_url else {"off_session": True}
        if self._whole:
            params |= _on_page()
        if self._whole and order.later:
            params["payment_method_options"] = {"card": {"request_incremental_authorization": "if_available"}}
        try:
            found = _told(lambda: self._v1.payment_intents.create(params, _once(key)))
        except Declined as no:
            if order.return_url and no.reference:  # the customer is there and may give another card
                return self.retrieve(intent=no.reference)
            raise
        intent = stripe_objects.intent(found)
        if order.method and not order.return_url and intent.state == State.ACTION_NEEDED:
            return self._nobody_there(intent, key)
        return intent

    def _nobody_there(self, intent: Intent, key: str) -> Intent:
        """The bank wants the customer, who is not there: Stripe says so with an error, its stand-in with a state."""
        self.release(intent=intent.reference, key=f"{key}-unapproved")
        raise Declined(
            "authentication_required", declines.sentence("authentication_required"), reference=intent.reference
        )

    def increment(self, *, intent: str, amount: Decimal, currency: str, key: str) -> Intent:
        params = {"amount": stripe_objects.units(amount, currency)}
        return stripe_objects.intent(
            _told(lambda: self._v1.payment_intents.increment_authorization(intent, params, _once(key)))
        )

    def capture(self, *, intent: str, amount: Decimal, currency: str, key: str) -> Intent:
        params = {"amount_to_capture": stripe_objects.units(amount, currency)}
        try:
            return stripe_objects.intent(_told(lambda: self._v1.payment_intents.capture(intent, params, _once(key))))
        except Declined:
            known = self.retrieve(intent=intent)
            if known.state == State.CAPTURED:
                return known
            raise

    def release(self, *, intent: str, key: str) -> Intent:
        try:
            return stripe_objects.intent(_told(lambda: self._v1.payment_intents.cancel(intent, options=_once(key))))
        except Declined:
            known = self.retrieve(intent=intent)
            if known.state in (State.RELEASED, State.CAPTURED):
                return known
            raise

    # ---- money back -------------------------------------------------------------------------------------------------

    def refund(self, *, intent: str, amount: Decimal, currency: str, key: str) -> Given:
        params = {"payment_intent": intent, "amount": stripe_objects.units(amount, currency), "metadata": {"key": key}}
        return stripe_objects.given(_told(lambda: self._v1.refunds.create(params, _once(key))))

    # ---- what became of it ------------------------------------------------------------------------------------------

    def retrieve(self, *, intent: str) -> Intent:
        params = {"expand": ["latest_charge", "payment_method"]} if self._whole else {}
        return stripe_objects.intent(_told(lambda: self._v1.payment_intents.retrieve(intent, params)))

    def find(self, *, key: str, since: datetime) -> Intent | None:
        found = self._all(self._v1.payment_intents.list, self._since(since))
        mine = next((one for one in found if (one["metadata"] or {}).get("key") == key), None)
        return self.retrieve(intent=mine["id"]) if mine else None

    def find_refund(self, *, intent: str, key: str) -> Given | None:
        found = self._all(self._v1.refunds.list, {"payment_intent": intent})
        return next((stripe_objects.given(one) for one in found if (one["metadata"] or {}).get("key") == key), None)

    def contest(self, *, reference: str) -> Contest:
        found = _told(lambda: self._v1.disputes.retrieve(reference))
        return Contest(found["id"], found.get("reason") or "", found["status"])

    # ---- the account ------------------------------------------------------------------------------------------------

    def payouts(self, *, since: datetime) -> Iterator[PaidOut]:
        for one in self._all(self._v1.payouts.list, self._since(since)):
            currency = one["currency"].upper()
            arrives: date | None = stripe_objects.at(one["arrival_date"]).date() if one.get("arrival_date") else None
            paid_at = stripe_objects.at(one["created"])
            yield PaidOut(
                one["id"], stripe_objects.amount(one["amount"], currency), currency, one["status"], paid_at, arrives
            )

    def movements(self, *, since: datetime) -> Iterator[Movement]:
        """What each payout is made of, then what waits for the next one: Stripe tells the payout only to who asks by payout."""
        seen = set()
        for paid in self.payouts(since=since) if self._whole else ():
            for one in self._balance({"payout": paid.reference}):
                seen.add(one["id"])
                if one["type"] != "payout":
                    yield stripe_objects.movement(one, paid.reference)
        for one in self._balance(self._since(since)):
            if one["id"] not in seen and one["type"] != "payout":
                yield stripe_objects.movement(one, "")

    def _balance(self, params: Facts) -> Iterator[Facts]:
        whole = {"expand": ["data.source"]} if self._whole else {}
        return self._all(self._v1.balance_transactions.list, {**whole, **params})

    def _since(self, since: datetime) -> Facts:
        return {"created": {"gte": int(since.timestamp())}} if self._whole else {}

    def _all(self, listed: Callable[[Any], Any], params: Facts) -> Iterator[Facts]:
        """Page by page."""
        page = _asked(lambda: listed({"limit": PAGE, **params}))
        while True:
            for one in page.data:
                yield one.to_dict()
            if not page.has_more:
                return
            last = page.data[-1].id
            page = _asked(lambda: listed({"limit": PAGE, **params, "starting_after": last}))  # noqa: B023

    # ---- what it tells ----------------------------------------------------------------------------------------------

    def parse_event(self, *, body: bytes, signature: str) -> Event:
        if not settings.STRIPE_WEBHOOK_SECRET:
            raise BadSignature({"signature": ["STRIPE_WEBHOOK_SECRET is not set."]})
        try:
            text = body.decode()
            stripe.WebhookSignature.verify_header(text, signature, settings.STRIPE_WEBHOOK_SECRET, TOLERATED_S)
            content = json.loads(text)
            about = content["data"]["object"]
            return Event(
                id=str(content["id"]),
                kind=str(content["type"]),
                about=str(about.get("payment_intent") or about.get("id") or ""),
                occurred_at=stripe_objects.at(int(content["created"])),
                content=content,
            )
        except (ValueError, KeyError, TypeError, AttributeError, stripe.SignatureVerificationError) as wrong:
            raise BadSignature({"signature": ["This event is not signed by Stripe."]}) from wrong

    def _setup(self, found: Facts) -> Setup:
        states = {"succeeded": State.CAPTURED, "canceled": State.FAILED, "processing": State.PENDING}
        state = states.get(found["status"], State.ACTION_NEEDED)
        method = found.get("payment_method")
        error = found.get("last_setup_error") or {}
        return Setup(
            reference=found["id"],
            state=state,
            client_secret=found["client_secret"] if state == State.ACTION_NEEDED else "",
            card=self._card(method) if state == State.CAPTURED and method else None,
            error_code=error.get("decline_code") or error.get("code") or "",
        )

    def _card(self, reference: str) -> Card:
        return stripe_objects.look(_told(lambda: self._v1.payment_methods.retrieve(reference)))


# ---- the wire --------------------------------------------------------------------------------------------------------


@lru_cache(maxsize=4)
def _client(key: str, base: str) -> stripe.StripeClient:
    addresses: Any = {"api": base.rstrip("/")} if base else {}
    return stripe.StripeClient(
        key, base_addresses=addresses, http_client=stripe.RequestsClient(timeout=TIMEOUT_S), max_network_retries=1
    )


def _asked(call: Callable[[], Answer]) -> Answer:
    """Stripe's errors in our words: whether money may have moved is what counts."""
    try:
        return call()
    except stripe.CardError as no:
        body: Any = no.json_body or {}
        error: Facts = body.get("error", {})
        reason = error.get("decline_code") or no.code or "card_declined"
        reference = (error.get("payment_intent") or {}).get("id", "")
        raise Declined(reason, declines.sentence(reason), reference=reference) from no
    except stripe.InvalidRequestError as wrong:
        if wrong.http_status == 404 or wrong.code == "resource_missing":
            raise Unknown(str(wrong)) from wrong
        reason = wrong.code or "invalid_request"
        raise Declined(reason, str(wrong.user_message or wrong)) from wrong
    except stripe.StripeError as away:  # no connection, too many requests, their own errors, a key that is refused
        raise Unavailable(str(away), code="provider_away") from away


def _told(call: Callable[[], Any]) -> Facts:
    facts: Facts = _asked(call).to_dict()
    return facts


def _once(key: str) -> dict[str, Any]:
    return {"idempotency_key": key}


def _on_page() -> dict[str, Any]:
    """Cards and the wallets of phones; nothing that leaves the site before it is even known whether it pays."""
    return {"automatic_payment_methods": {"enabled": True, "allow_redirects": "never"}}
