"""Why a bank said no, in words that help: for the driver what to do now, for the operator what it means. The codes are Stripe's
(docs.stripe.com/declines/codes); the fake provider speaks them too."""

from typing import NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


class Decline(NamedTuple):
    """`again`: the same card may work later; else it is for the driver to do something."""

    driver: Promise | str
    operator: Promise | str
    again: bool


_OTHER_CARD = _("Your bank refused the card. Use another one, or ask your bank.")
_GENERIC = Decline(_OTHER_CARD, _("The bank refused without saying why."), True)

DECLINES: dict[str, Decline] = {
    "generic_decline": _GENERIC,
    "card_declined": _GENERIC,
    "do_not_honor": _GENERIC,
    "insufficient_funds": Decline(
        _("There is not enough money on the card for this amount."), _("Not enough money on the card."), True
    ),
    "card_velocity_exceeded": Decline(
        _("The card’s limit has been reached. Use another one, or try tomorrow."),
        _("The card’s limit is reached."),
        True,
    ),
    "withdrawal_count_limit_exceeded": Decline(
        _("The card’s limit has been reached. Use another one, or try tomorrow."),
        _("The card’s limit is reached."),
        True,
    ),
    "processing_error": Decline(
        _("The bank could not process it just now. Try again in some minutes."),
        _("An error at the bank or on the way."),
        True,
    ),
    "issuer_not_available": Decline(
        _("Your bank does not answer. Try again in some minutes."), _("The card’s bank did not answer."), True
    ),
    "try_again_later": Decline(
        _("The bank could not process it just now. Try again in some minutes."),
        _("An error at the bank or on the way."),
        True,
    ),
    "reenter_transaction": _GENERIC,
    "expired_card": Decline(_("The card has expired. Add the new one."), _("The card has expired."), False),
    "incorrect_cvc": Decline(
        _("The security code is wrong: the three digits on the back."), _("Wrong security code."), False
    ),
    "invalid_cvc": Decline(
        _("The security code is wrong: the three digits on the back."), _("Wrong security code."), False
    ),
    "incorrect_number": Decline(_("The card number is wrong."), _("Wrong card number."), False),
    "invalid_expiry_year": Decline(_("The card has expired. Add the new one."), _("The card has expired."), False),
    "invalid_expiry_month": Decline(_("The expiry date is wrong."), _("Wrong expiry date."), False),
    # asked again, the bank says the same, and the card schemes charge for it
    **dict.fromkeys(
        (
            "call_issuer",
            "do_not_try_again",
            "invalid_account",
            "live_mode_test_card",
            "merchant_blacklist",
            "not_permitted",
            "pin_try_exceeded",
            "restricted_card",
            "revocation_of_all_authorizations",
            "revocation_of_authorization",
            "security_violation",
            "service_not_allowed",
            "stop_payment_order",
            "testmode_decline",
        ),
        Decline(_OTHER_CARD, _("The bank does not let this card pay any more."), False),
    ),
    # a thief must not learn that the card is known
    "lost_card": Decline(_OTHER_CARD, _("Reported as lost."), False),
    "stolen_card": Decline(_OTHER_CARD, _("Reported as stolen."), False),
    "pickup_card": Decline(_OTHER_CARD, _("The bank wants the card back: lost or stolen."), False),
    "fraudulent": Decline(_OTHER_CARD, _("The provider takes it for fraud."), False),
    "authentication_required": Decline(
        _("Your bank wants you to approve this payment. Pay it on the payment page."),
        _("The bank wants the driver to approve it (3-D Secure); he was not there."),
        False,
    ),
    "payment_intent_authentication_failure": Decline(
        _("The payment was not approved with the bank. Try again, or use another card."),
        _("The driver did not approve it with his bank (3-D Secure)."),
        False,
    ),
    "currency_not_supported": Decline(
        _("The card does not pay in this currency."), _("The card does not pay in this currency."), False
    ),
    "card_not_supported": Decline(
        _("The card does not allow this kind of payment."), _("The card does not allow this kind of payment."), False
    ),
    "transaction_not_allowed": Decline(
        _("The card does not allow this kind of payment."), _("The card does not allow this kind of payment."), False
    ),
    "amount_too_small": Decline(
        _("The amount is too small for a card."), _("Below the provider’s smallest amount."), False
    ),
    "charge_already_refunded": Decline(
        _("It has been given back already."), _("The provider has given it back already."), False
    ),
    "charge_disputed": Decline(
        _("The payment is disputed."), _("The payment is disputed: the bank has taken it back."), False
    ),
    "payment_intent_unexpected_state": Decline(
        _("The payment is past that."), _("At the provider the payment is past that."), False
    ),
    "no_method": Decline(_("No card is saved. Add one."), _("The driver has no card."), False),
    # of an invoice, which nobody refused
    "overdue": Decline(_("The invoice is overdue."), _("Not paid by the day it was due."), False),
}


TOO_SMALL = "amount_too_small"  # owed, but by no card to be paid


def of(reason: str) -> Decline:
    return DECLINES.get(reason, _GENERIC)


def sentence(reason: str) -> str:
    """For the driver, in the language of now."""
    return str(of(reason).driver)


def said(reason: str, otherwise: str) -> str:
    """The same; the provider's own sentence for a word that is not known."""
    return sentence(reason) if reason in DECLINES else otherwise


def meaning(reason: str) -> str:
    """For the operator, in the language of now."""
    return str(of(reason).operator)
