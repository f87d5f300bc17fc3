"""The copy of an invoice or a credit note for the customer, by mail, once. With e-invoices it is the courtesy copy.

To the driver, or to the administrators of the company that is invoiced. Operators may switch it off (FiscalSettings).
"""

from datetime import timedelta
from functools import partial

from django.db.models import Exists, OuterRef, TextField, Value
from django.db.models.functions import Cast, Concat
from django.utils import timezone

from accounts import access
from accounts.models import SentMail, User
from accounts.notifications import email, once
from billing.documents import pdf
from billing.models import Invoice
from billing.services.invoicing import fiscal
from billing.services.invoicing.issuing import Actor

NEWS = timedelta(days=2)  # what is older is no news: a history that was imported, a server that was away


def missing(limit: int = 100) -> list[int]:
    """Documents that nobody was sent."""
    key = Concat(Value("invoice:"), Cast(OuterRef("pk"), TextField()), Value(":"), output_field=TextField())
    sent = SentMail.objects.filter(key__startswith=key, sent_at__isnull=False)
    found = Invoice.objects.filter(~Exists(sent), created_at__gte=timezone.now() - NEWS)
    wanted = found.exclude(operator__fiscal_settings__mail_invoices=False)
    return list(wanted.order_by("pk").values_list("pk", flat=True)[:limit])


def send(*, invoice_id: int) -> int:
    """To whom it has not gone yet. Returns how many mails this call sent. Raises Unavailable."""
    invoice = Invoice.objects.select_related("operator", "driver__user", "company", "credits").get(pk=invoice_id)
    if not fiscal.settings_of(invoice.operator).mail_invoices:
        return 0
    return sum(
        once.send(
            key=f"invoice:{invoice.pk}:{person.pk}", to=person.email, deliver=partial(_deliver, invoice, person.email)
        )
        for person in recipients(invoice)
    )


def send_again(*, invoice: Invoice, by: Actor) -> list[str]:
    """On request, whether it went before or not. Returns the addresses. Raises Forbidden, Unavailable."""
    if by is not None:
        access.demand(by, "invoice.issue", invoice)
    addresses = [person.email for person in recipients(invoice)]
    for address in addresses:
        _deliver(invoice, address)
    return addresses


def recipients(invoice: Invoice) -> list[User]:
    if invoice.company:
        heads = invoice.company.members.filter(administrator=True, left_at=None).select_related("driver__user")
        return [member.driver.user for member in heads.order_by("pk")]
    return [invoice.driver.user] if invoice.driver else []


def _deliver(invoice: Invoice, address: str) -> None:
    name = f"{invoice.number.replace('/', '-')}.pdf"
    email.send(
        to=address,
        name="emails/invoice",
        language=invoice.language,
        facts={"invoice": invoice, "operator": invoice.operator, "is_electronic": fiscal.italian(invoice.operator)},
        attachments=[email.Attachment(name, pdf.invoice(invoice), "application/pdf")],
    )
