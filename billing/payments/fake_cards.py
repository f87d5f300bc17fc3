"""Card numbers that the fake provider understands: Stripe's own test numbers, so that a tester knows them already
(docs.stripe.com/testing). Any other valid number is an ordinary card."""

from dataclasses import dataclass
from datetime import date

from django.utils.translation import gettext as _

from cms.core.errors import Invalid

from .gateway import Card


@dataclass(frozen=True, slots=True)
class Behaviour:
    """`saving` and `paying`: the reason it is declined with, "" for yes. `approves`: the customer must approve it (3-D Secure),
    when it is entered ("once"), at each payment ("always") or never ("")."""

    saving: str = ""
    paying: str = ""
    approves: str = ""


PLAIN = Behaviour()
BEHAVIOURS = {
    "4000000000000002": Behaviour("generic_decline", "generic_decline"),
    "4000000000009995": Behaviour("insufficient_funds", "insufficient_funds"),
    "4000000000009987": Behaviour("lost_card", "lost_card"),
    "4000000000009979": Behaviour("stolen_card", "stolen_card"),
    "4000000000000069": Behaviour("expired_card", "expired_card"),
    "4000000000000127": Behaviour("incorrect_cvc", "incorrect_cvc"),
    "4000000000000119": Behaviour("processing_error", "processing_error"),
    "4000000000000341": Behaviour("", "generic_decline"),
    "4000002500003155": Behaviour(approves="once"),
    "4000002760003184": Behaviour(approves="always"),
    "4000008260003178": Behaviour("", "insufficient_funds", approves="always"),
}
_BRANDS = (("34", "amex"), ("37", "amex"), ("4", "visa"), ("5", "mastercard"), ("2", "mastercard"), ("6", "maestro"))


@dataclass(frozen=True, slots=True)
class Entered:
    """What somebody typed. The number itself goes no further than here."""

    card: Card
    behaviour: Behaviour


def entered(number: str, *, exp_month: int, exp_year: int, cvc: str, today: date, wallet: str = "") -> Entered:
    """Raises Invalid with number, expiry or cvc. Two digits of a year are this century's."""
    digits = "".join(sign for sign in number if sign.isdigit())
    year = exp_year + 2000 if exp_year < 100 else exp_year
    wrong = {}
    if not 12 <= len(digits) <= 19 or not _luhn(digits):
        wrong["number"] = [_("This is no card number.")]
    if not 1 <= exp_month <= 12 or (year, exp_month) < (today.year, today.month):
        wrong["expiry"] = [_("The card has expired.")]
    if not (cvc.isdigit() and len(cvc) in (3, 4)):
        wrong["cvc"] = [_("Three or four digits.")]
    if wrong:
        raise Invalid(wrong)
    brand = next((name for start, name in _BRANDS if digits.startswith(start)), "")
    card = Card("", brand=brand, last4=digits[-4:], exp_month=exp_month, exp_year=year, wallet=wallet)
    return Entered(card, BEHAVIOURS.get(digits, PLAIN))


def _luhn(digits: str) -> bool:
    doubled = [int(sign) * (1 + place % 2) for place, sign in enumerate(reversed(digits))]
    return sum(value - 9 if value > 9 else value for value in doubled) % 10 == 0
