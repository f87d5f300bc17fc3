"""Which charges of the last weeks are priced again."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.models import Operator
from billing.forms.assignments import ScopeForm
from billing.selectors.assignments import Scope

OWN, EVERY, WHERE = "own", "every", "where"


class ReplayForm(ScopeForm):
    """`charges`: those that the tariff priced (the choice of one that has), those of everybody at every place, or those that it would
    have priced, had it held at a place and for somebody."""

    charges = forms.ChoiceField(
        label=_("Charges"), required=False,
        choices=[
            (OWN, _("that this tariff priced")),
            (EVERY, _("of everybody, at every place")),
            (WHERE, _("that it would have priced, had it held:")),
        ],
    )  # fmt: skip
    field_order = ("charges",)

    def __init__(self, data: Any = None, *, operator: Operator, own: bool) -> None:
        super().__init__(data, operator=operator)
        if not own:
            self.fields["charges"].choices = self.fields["charges"].choices[1:]  # type: ignore[attr-defined]
        self._first = OWN if own else EVERY

    @property
    def chosen(self) -> str:
        return str(self["charges"].value() or self._first)

    def wanted(self) -> Scope | None:
        """None for the tariff's own charges."""
        if not self.is_valid() or self.chosen == OWN:
            return None
        if self.chosen == EVERY:
            return Scope(self.operator.pk)
        given = self.scope()
        plan, group, location, station, evse = (
            given[name] and given[name].pk for name in ("plan", "driver_group", "location", "station", "evse")
        )
        return Scope(
            self.operator.pk,
            plan,
            group,
            given["partner"],
            given["ad_hoc"],
            location,
            station,
            evse,
            given["power_type"],
        )
