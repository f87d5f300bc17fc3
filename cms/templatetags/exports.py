"""What pages for accountants place: formats of files, prices with as many decimals as they have."""

from decimal import Decimal

from django import template

from billing.exports import presets
from billing.exports.presets import Preset
from cms.templatetags import figures

register = template.Library()


@register.simple_tag
def other_formats() -> list[Preset]:
    """All but the workbook, which is the button itself."""
    return [preset for preset in presets.TABLES.values() if preset is not presets.XLSX]


@register.filter
def unit_price(amount: Decimal, currency: str) -> str:
    """`0,03 €`, `0,125 €`."""
    exponent = amount.normalize().as_tuple().exponent
    return figures.priced(amount, max(2, -exponent if isinstance(exponent, int) else 2), currency)
