"""A charge that nobody made: what the simulator prices."""

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from billing.tariffs.periods import Period, State
from cms.core.form_fields import ForgivingDecimalField, MomentField

VOLTS = Decimal(230)
PLUGS: dict[str, tuple[Any, int]] = {
    "3700": (_("AC, 3.7 kW"), 3700),
    "11000": (_("AC, 11 kW"), 11_000),
    "22000": (_("AC, 22 kW"), 22_000),
    "50000": (_("DC, 50 kW"), 50_000),
    "150000": (_("DC, 150 kW"), 150_000),
    "300000": (_("DC, 300 kW"), 300_000),
}
AC_UNTIL_W = 43_000
SAMPLE = {"kwh": Decimal(20), "idle": 30, "plug": "11000", "who": ""}


class ChargeForm(forms.Form):
    """Begins at `start` on the site's clock, takes `kwh` in `minutes` (left empty: as fast as the plug gives it), then stays `idle`
    minutes. `who`: "" anybody, "ad_hoc", "group-3" or "plan-7"."""

    start = MomentField(label=_("Plugged in at"))
    kwh = ForgivingDecimalField(label=_("Energy"), min_value=0, max_value=1000, decimal_places=3)
    minutes = forms.IntegerField(label=_("Charges for"), required=False, min_value=1, max_value=10_080)
    idle = forms.IntegerField(label=_("Stays after"), required=False, min_value=0, max_value=10_080)
    plug = forms.ChoiceField(label=_("Plug"), choices=[(key, word) for key, (word, _watts) in PLUGS.items()])
    who = forms.ChoiceField(label=_("Who"), required=False)

    def __init__(self, data: Any = None, *, people: Sequence[tuple[str, Any]] = (), **given: Any) -> None:
        start = timezone.localtime().replace(second=0, microsecond=0)
        super().__init__(data, initial={"start": start, **SAMPLE}, prefix="sim", **given)
        self.fields["who"].choices = [("", _("Anybody")), ("ad_hoc", _("Without an account")), *people]  # type: ignore[attr-defined]

    @property
    def given(self) -> dict[str, Any]:
        """What was typed, or the sample."""
        return self.cleaned_data if self.is_bound else {**self.initial, "minutes": None}


def power_w(given: dict[str, Any]) -> int:
    """What the plug gives."""
    return PLUGS[given["plug"]][1]


def periods(given: dict[str, Any]) -> list[Period]:
    """The car takes its energy evenly, at no more than the plug gives unless somebody says how long it took."""
    start, wh = given["start"], given["kwh"] * 1000
    if given["minutes"]:
        charging = timedelta(minutes=given["minutes"])
    else:
        charging = timedelta(seconds=round(wh * 3600 / power_w(given)))
    watts = int(wh * 3600 / Decimal(charging.total_seconds())) if charging else 0
    amperes = Decimal(watts) / VOLTS if power_w(given) <= AC_UNTIL_W else None
    full = start + charging
    found = [Period(start, full, energy_wh=wh, power_w=watts, current_a=amperes)]
    if given["idle"]:
        found.append(Period(full, full + timedelta(minutes=given["idle"]), State.PARKING))
    return found
