"""What an operator types about plans and debts."""

from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.models import Operator
from billing.models import DunningPolicy, PlanVersion
from billing.services.recurring.plans import Terms
from cms.core.form_fields import ForgivingDecimalField
from stations.models import Location

SERVICE_NAMES = {"included_energy": "kwh", "included_seconds": "hours"}


class TermsForm(forms.Form):
    """A month's terms; with `named` also the plan's name."""

    name = forms.CharField(label=_("Name"), max_length=60)
    monthly_fee = ForgivingDecimalField(
        label=_("Monthly fee"),
        min_value=0,
        decimal_places=2,
        max_digits=9,
        help_text=_("With VAT, as drivers read it."),
    )
    kwh = ForgivingDecimalField(
        label=_("Included energy"), min_value=0, decimal_places=3, max_digits=12, required=False,
        help_text=_("What is not used by the end of a month is lost."),
    )  # fmt: skip
    hours = ForgivingDecimalField(
        label=_("Included time"), min_value=0, decimal_places=2, max_digits=7, required=False,
        help_text=_("Of charging, where your price counts time. Leave it empty for plans by energy."),
    )  # fmt: skip
    vat_rate = ForgivingDecimalField(
        label=_("VAT rate"), min_value=0, max_value=99, decimal_places=2, initial=Decimal(22)
    )
    locations = forms.ModelMultipleChoiceField(
        label=_("Only at these sites"), queryset=Location.objects.none(), required=False,
        widget=forms.CheckboxSelectMultiple, help_text=_("None chosen: at all of them."),
    )  # fmt: skip

    def __init__(self, *args: Any, operator: Operator, named: bool = True, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not named:
            del self.fields["name"]
        sites = Location.objects.filter(operator=operator, archived_at=None).order_by("name")
        self.fields["locations"].queryset = sites  # type: ignore[attr-defined]

    @classmethod
    def of(cls, version: PlanVersion, data: Any = None) -> "TermsForm":
        initial = {
            "monthly_fee": version.monthly_fee,
            "kwh": version.included_energy / 1000 or None,
            "hours": Decimal(version.included_seconds) / 3600 or None,
            "vat_rate": version.vat_rate,
            "locations": list(version.locations.all()),
        }
        return cls(data, operator=version.plan.operator, named=False, initial=initial)

    def terms(self) -> Terms:
        given = self.cleaned_data
        return Terms(
            monthly_fee=given["monthly_fee"],
            vat_rate=given["vat_rate"],
            included_energy=(given["kwh"] or Decimal(0)) * 1000,
            included_seconds=int((given["hours"] or Decimal(0)) * 3600),
            locations=list(given["locations"]),
        )


class MoveForm(forms.Form):
    """Everybody of a plan, to a version of it or of another one."""

    version = forms.ModelChoiceField(label=_("To"), queryset=PlanVersion.objects.none())
    on = forms.DateField(
        label=_("From"), required=False, widget=forms.DateInput(attrs={"type": "date"}),
        help_text=_("With the first renewal on or after this day; in 30 days at the earliest."),
    )  # fmt: skip

    def __init__(self, *args: Any, versions: list[PlanVersion], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        rows = PlanVersion.objects.filter(pk__in=[version.pk for version in versions]).select_related("plan")
        self.fields["version"].queryset = rows  # type: ignore[attr-defined]


class CreditForm(forms.Form):
    amount = ForgivingDecimalField(label=_("Amount"), min_value=Decimal("0.01"), decimal_places=2, max_digits=9)
    reason = forms.CharField(label=_("Reason"), max_length=200)


class LadderForm(forms.Form):
    ladder = forms.CharField(
        label=_("Try again after"), max_length=60,
        help_text=_("Days after the first refusal, like 1, 3, 7, 14. Drivers get a mail each time."),
    )  # fmt: skip
    grace_days = forms.IntegerField(
        label=_("Charging goes on for"), min_value=0, max_value=90,
        help_text=_("After that the debtor starts no charge until it is paid."),
    )  # fmt: skip
    end_after = forms.BooleanField(
        label=_("End the subscription after the last try"), required=False, help_text=_("The unpaid month stays owed.")
    )
    stop_companies = forms.BooleanField(
        label=_("Stop the drivers of a company too"), required=False,
        help_text=_("Where an invoice is overdue for that long. Without it its administrators are only reminded."),
    )  # fmt: skip

    @classmethod
    def of(cls, policy: DunningPolicy, data: Any = None) -> "LadderForm":
        days = ", ".join(policy.ladder.split(","))
        kept = {name: getattr(policy, name) for name in ("grace_days", "end_after", "stop_companies")}
        return cls(data, initial={"ladder": days, **kept})
