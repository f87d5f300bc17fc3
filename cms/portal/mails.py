"""The mail at the end of a charge: what it cost, and the receipt as a PDF."""

from datetime import timedelta

from django.conf import settings
from django.db.models import Exists, OuterRef, Q, QuerySet, TextField, Value
from django.db.models.functions import Cast, Concat
from django.urls import reverse
from django.utils import timezone, translation

from accounts.models import SentMail, User
from accounts.notifications import email, once, send
from accounts.notifications.email import Attachment
from billing import pricing
from billing.documents import pdf
from billing.models import CDR, AdhocCharge
from cms.portal import receipt_lines

WORTH_A_MAIL = timedelta(days=2)  # an imported or replayed history is no news
PDF = "application/pdf"
ADDRESSES = 3
_READ = ("driver__user", "operator", "tariff_version", "session__location", "session__operator")
_ADDRESSED = Q(driver__isnull=False) | Exists(
    AdhocCharge.objects.filter(start__session=OuterRef("session")).exclude(email="")
)


def due() -> QuerySet[CDR]:
    """Receipts to mail: the driver owes it or got energy, or somebody asked for it by name; nobody has to look at it first, and we
    heard of it just now."""
    heard = timezone.now() - WORTH_A_MAIL
    billable = CDR.objects.billable().filter(_ADDRESSED, created_at__gte=heard)
    return billable.filter(session__stopped_received_at__gte=heard).exclude(
        total_incl_vat=0, energy=0, driver__isnull=False
    )


def missing(limit: int = 200) -> list[int]:
    """What an announcement or a broken mail server left behind."""
    key = Concat(Value("receipt:"), Cast(OuterRef("pk"), TextField()))
    sent = SentMail.objects.filter(key=key, sent_at__isnull=False)
    return list(due().filter(~Exists(sent)).order_by("pk").values_list("pk", flat=True)[:limit])


def key_of(cdr: CDR) -> str:
    return f"receipt:{cdr.pk}"


def keys_of(cdr: CDR) -> list[str]:
    """One for each address that a receipt may go to: people mistype theirs, and nobody shall be mailed by strangers without end."""
    return [key_of(cdr), *(f"{key_of(cdr)}:{number}" for number in range(2, ADDRESSES + 1))]


def key_for(cdr: CDR, address: str) -> str | None:
    """Under which of them it goes there; None where that would be one address too many."""
    taken = {mail.key: mail for mail in SentMail.objects.filter(key__in=keys_of(cdr), sent_at__isnull=False)}
    return next((key for key in keys_of(cdr) if key not in taken or taken[key].recipient == address), None)


def mailed(cdr: CDR) -> SentMail | None:
    """The newest."""
    return SentMail.objects.filter(key__in=keys_of(cdr), sent_at__isnull=False).order_by("-sent_at", "-pk").first()


def asked(*, charge_id: int) -> bool:
    """Mails the receipt of a charge without an account to who asks for it on its page, however late. Before it is rated there is none:
    then it goes by itself. Raises Unavailable."""
    charge = AdhocCharge.objects.exclude(email="").filter(pk=charge_id).select_related("start").first()
    billable = CDR.objects.billable().select_related(*_READ)
    cdr = billable.filter(session=charge.start.session_id).first() if charge and charge.start else None
    key = key_for(cdr, charge.email) if charge and cdr else None
    if charge is None or cdr is None or key is None:
        return False
    return once.send(key=key, to=charge.email, deliver=lambda: _deliver_to_guest(cdr, charge))


def receipt(*, cdr_id: int) -> bool:
    """Mails the receipt of a CDR that is due, once. Raises Unavailable where the mail server does not take it."""
    cdr = due().select_related(*_READ).filter(pk=cdr_id).first()
    if cdr is None:
        return False
    if cdr.driver is not None:
        user = cdr.driver.user
        return once.send(key=key_of(cdr), to=user.email, deliver=lambda: _deliver(cdr, user))
    charge = AdhocCharge.objects.filter(start__session=cdr.session_id).exclude(email="").first()
    if charge is None:
        return False
    return once.send(key=key_of(cdr), to=charge.email, deliver=lambda: _deliver_to_guest(cdr, charge))


def _deliver(cdr: CDR, user: User) -> None:
    language = user.language or cdr.operator.language
    with translation.override(language), timezone.override(pricing.zone_of(cdr.session)):
        facts = _facts(cdr, reverse("portal:charge", args=[cdr.session_id]))
        send.to_user(
            user=user, name="emails/receipt", facts=facts, attachments=[_file(cdr, language)], language=language
        )


def _deliver_to_guest(cdr: CDR, charge: AdhocCharge) -> None:
    language = charge.language
    with translation.override(language), timezone.override(pricing.zone_of(cdr.session)):
        facts = _facts(cdr, reverse("portal:done", args=[charge.public_token]))
        email.send(
            to=charge.email, name="emails/receipt", facts=facts, attachments=[_file(cdr, language)], language=language
        )


def _file(cdr: CDR, language: str) -> Attachment:
    return Attachment(f"colonnina-{cdr.pk}.pdf", pdf.receipt(cdr, language), PDF)


def _facts(cdr: CDR, path: str) -> dict[str, object]:
    return {
        "cdr": cdr,
        "session": cdr.session,
        "operator": cdr.operator,
        "lines": receipt_lines.of(cdr),
        "vat": receipt_lines.vat_words(cdr),
        "url": settings.PUBLIC_URL + path,
    }
