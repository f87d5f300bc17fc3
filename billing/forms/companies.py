"""What is typed about companies, by the operator and by their own administrators. Checked by billing.services.fleets.companies."""

from typing import Any

from django import forms
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from accounts.models import Company
from accounts.services import drivers
from cms.core.form_fields import ForgivingDecimalField

MOST_DIGITS, PASTED = 9, 40


class Amount(ForgivingDecimalField):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"max_digits": MOST_DIGITS, "decimal_places": 2, **kwargs})


class MemberForm(forms.Form):
    cost_centre = forms.CharField(label=_("Cost centre"), max_length=40, required=False)
    monthly_cap = Amount(
        label=_("Budget a month"), required=False, help_text=_("Empty: none of their own. 0: no charging for now.")
    )
    administrator = forms.BooleanField(
        label=_("Administrator"), required=False, help_text=_("Sees all charges and looks after members and budgets.")
    )


class InviteForm(MemberForm):
    email = forms.EmailField(label=_("E-mail"), max_length=254)
    field_order = ("email", "cost_centre", "monthly_cap", "administrator")


class MembersFileForm(forms.Form):
    file = forms.FileField(
        label=_("File"),
        help_text=_("CSV: e-mail; cost centre; budget a month; administrator (yes). All but the address may be empty."),
    )


class CapForm(forms.Form):
    monthly_cap = Amount(label=_("Budget of everybody together, a month"), required=False, help_text=_("Empty: none."))


class CompanyForm(forms.Form):
    """Pasted numbers are cleaned by the service. `recipient` as in accounts.forms.profile.BillingForm."""

    name = forms.CharField(label=_("Name"), max_length=100, help_text=_("As you call it."))
    monthly_cap = Amount(
        label=_("Budget of everybody together, a month"), required=False, help_text=_("Empty: no limit.")
    )
    credit_limit = Amount(
        label=_("What you lend it, a month"),
        required=False,
        help_text=_("The company sets its own budget, up to this. Empty: no limit."),
    )
    payment_days = forms.IntegerField(label=_("Days to pay"), min_value=0, max_value=365, initial=30)
    billing_name = forms.CharField(
        label=_("Name on the invoice"), max_length=80, required=False, help_text=_("If it is another one.")
    )
    vat_number = forms.CharField(label=_("VAT number"), max_length=PASTED, required=False)
    fiscal_code = forms.CharField(
        label=_("Fiscal code"), max_length=PASTED, required=False, help_text=_("One of the two numbers is enough.")
    )
    recipient = forms.CharField(
        label=_("SDI code or PEC"), max_length=254, required=False, help_text=_("Where the electronic invoice goes.")
    )
    address = forms.CharField(label=_("Address"), max_length=60, required=False)
    postal_code = forms.CharField(label=_("Postal code"), max_length=10, required=False)
    city = forms.CharField(label=_("City"), max_length=60, required=False)
    province = forms.CharField(label=capfirst(_("province")), max_length=PASTED, required=False)
    country_code = forms.CharField(label=capfirst(_("country")), max_length=PASTED, initial="IT")

    @classmethod
    def of(cls, company: Company, data: Any = None) -> "CompanyForm":
        own = ("name", "monthly_cap", "credit_limit", "payment_days")
        known = {name: getattr(company, name) for name in (*drivers.BILLING, *own)}
        return cls(data, initial={**known, "recipient": company.pec or company.sdi_code})

    def values(self) -> dict[str, Any]:
        """By the names that the service knows."""
        typed = dict(self.cleaned_data)
        recipient = typed.pop("recipient")
        is_pec = "@" in recipient
        return typed | {"pec": recipient if is_pec else "", "sdi_code": "" if is_pec else recipient}
