"""What a new tariff may begin with, so that nobody stands before empty fields."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

BASE: Mapping[str, Any] = {"vat": Decimal(22), "tax_included": True}  # the home market's ordinary rate
NIGHT_AND_DAY = """[
  {"price_components": [{"type": "ENERGY", "price": 0.49, "vat": 22, "step_size": 1}],
   "restrictions": {"start_time": "22:00", "end_time": "07:00"}},
  {"price_components": [{"type": "ENERGY", "price": 0.59, "vat": 22, "step_size": 1}]}
]"""


@dataclass(frozen=True, slots=True)
class Start:
    """`initial` fills the form; `expert` is its JSON."""

    word: Promise
    text: Promise
    initial: Mapping[str, Any]
    expert: str = ""


STARTS: dict[str, Start] = {
    "slow": Start(
        _("Up to 22 kW"),
        _("A price per kWh and, after a quarter of an hour, a fee for staying."),
        {"energy": Decimal("0.55"), "parking": Decimal("0.10"), "grace_min": 15, "parking_cap": Decimal(12)},
    ),
    "fast": Start(
        _("50 kW and more"),
        _("Only what the law allows there: a price per kWh and a fee for staying."),
        {"energy": Decimal("0.79"), "parking": Decimal("0.20"), "grace_min": 10, "parking_cap": Decimal(20)},
    ),
    "night": Start(_("Night and day"), _("Cheaper from 22:00 to 07:00."), {}, NIGHT_AND_DAY),
}
