"""How much something moved: `{% load changes %}{{ amount|signed:"EUR" }}` → +412,00 €, −3,20 €."""

from decimal import Decimal
from fractions import Fraction

from django import template
from django.utils.translation import get_language

from billing.tariffs import figures as exact

from . import figures

register = template.Library()

THOUSAND = 1000


@register.filter
def signed(amount: Decimal, currency: str = "EUR") -> str:
    """Whole units from a thousand on, where nobody counts cents."""
    places = 0 if abs(amount) >= THOUSAND else 2
    said = figures.priced(amount, places, currency)
    return f"+{said}" if amount > 0 else said


@register.filter
def signed_percent(share: Decimal) -> str:
    """0.011 → +1,1 %."""
    percent = share * 100
    sign = "+" if percent > 0 else "−" if percent < 0 else ""
    return f"{sign}{figures.number(abs(percent), 1)}{figures.NB}%"


@register.filter
def rate(percent: Fraction) -> str:
    """A tax rate: 22 %."""
    return exact.percent(percent, get_language() or "it")


@register.filter
def grouped(count: int) -> str:
    return figures.number(count)
