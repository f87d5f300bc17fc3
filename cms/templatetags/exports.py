"""What the export button of every list places."""

from django import template

from billing.exports import presets
from billing.exports.presets import Preset

register = template.Library()


@register.simple_tag
def other_formats() -> list[Preset]:
    """All but the workbook, which is the button itself."""
    return [preset for preset in presets.TABLES.values() if preset is not presets.XLSX]
