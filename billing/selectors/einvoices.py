"""Where the e-invoice of a document stands, what was said about it, and what is to be done."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.db.models import Count, Exists, F, OuterRef, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.models import Operator
from billing import pricing
from billing.documents import sdi_words
from billing.models import EInvoice, EInvoiceBatch, Invoice, SdiNotification
from billing.services.invoicing import issuing
from cms.core.fields import MoneyField

TIME_TO_MEND = timedelta(days=5)  # a refused invoice that is sent again within these keeps its number and date

State = EInvoice.State
TONES = {
    State.READY: "wait",
    State.HANDED: "info",
    State.DELIVERED: "ok",
    State.UNDELIVERED: "ok",
    State.ATTESTED: "wait",
    State.REFUSED: "bad",
    State.ACCEPTED: "ok",
    State.DECLINED: "bad",
    State.LAPSED: "ok",
}
"""Class of the tag; an invoice in the customer's tax drawer is issued as well as a delivered one. After an attestation somebody must
send it."""

WHAT_NOW: dict[str, Promise] = {
    State.READY: _("It goes out with the next zip for the intermediary."),
    State.HANDED: _("The SdI has up to five days to answer. Upload what it sends."),
    State.DELIVERED: _("The customer has it. Nothing is left to do."),
    State.UNDELIVERED: _(
        "It is issued: the customer finds it in the “cassetto fiscale”. Tell the customer; the mailed copy does."
    ),
    State.ATTESTED: _(
        "It could not be delivered, and this is the proof that it was sent: send both to the public body yourself."
    ),
    State.REFUSED: _(
        "It counts as never issued. Mend the data and send it again: within five days it keeps its number and date."
    ),
    State.ACCEPTED: _("The public body has accepted it. Nothing is left to do."),
    State.DECLINED: _("The public body has declined it. Credit it, and bill again with the right data."),
    State.LAPSED: _("The public body has not answered within 15 days: it counts as accepted."),
}


@dataclass(frozen=True, slots=True)
class Error:
    """`text` is the SdI's own sentence, `meaning` ours ("" where we have none), `place` whose data to mend."""

    code: str
    text: str
    meaning: str
    place: str


@dataclass(frozen=True, slots=True)
class Told:
    """`is_current`: about the last file, not about one that was sent again since."""

    notification: SdiNotification
    errors: tuple[Error, ...]
    note: str
    recipient: str
    is_current: bool


@dataclass(frozen=True, slots=True)
class Story:
    """Of one document. `mend_until` only while it is refused; `is_late` once that day is over. `is_internal`:
    no file is wanted (see `for_the_sdi`). `is_taken_back`: refused, and credited since."""

    file: EInvoice | None
    earlier: Sequence[EInvoice]
    told: Sequence[Told]
    mend_until: date | None
    is_late: bool = False
    is_internal: bool = False
    is_taken_back: bool = False

    @property
    def tone(self) -> str:
        return TONES[State(self.file.state)] if self.file else ""

    @property
    def what_now(self) -> Promise | str:
        if self.is_taken_back:
            return _("It was refused and is credited in your books: nothing is left to do.")
        return WHAT_NOW[self.file.state] if self.file else ""


def story(invoice: Invoice) -> Story:
    files = list(invoice.einvoices.order_by("-attempt").defer("xml").prefetch_related("notifications"))
    if not files:
        return Story(None, (), (), None, is_internal=is_internal(invoice))
    last = files[0]
    told = [_told(notification, file is last) for file in files for notification in reversed(file.notifications.all())]
    taken_back = last.state == State.REFUSED and is_taken_back(invoice)
    until = _mend_until(invoice, last, told) if last.state == State.REFUSED and not taken_back else None
    is_late = until is not None and until < issuing.today_at(invoice.operator)
    return Story(last, files[1:], told, until, is_late, is_taken_back=taken_back)


def waiting(operator: Operator) -> QuerySet[EInvoice]:
    """Files that the next zip will carry."""
    return EInvoice.objects.filter(operator=operator, state=State.READY).order_by("pk")


def not_made(operator: Operator) -> QuerySet[Invoice]:
    """Documents of the last year that should have a file and have none, the newest first: something is missing."""
    made = EInvoice.objects.filter(invoice=OuterRef("pk"))
    lately = timezone.now() - timedelta(days=365)
    found = Invoice.objects.filter(
        ~Exists(made), operator=operator, operator__country_code="IT", created_at__gte=lately
    )
    return for_the_sdi(found).order_by("-pk")


def for_the_sdi(found: QuerySet[Invoice]) -> QuerySet[Invoice]:
    """Without credit notes of refused invoices: what counts as never issued is not credited at the SdI."""
    return found.exclude(Exists(last_refused(OuterRef("credits"))))


def is_internal(document: Invoice) -> bool:
    """A credit note that the SdI must not see (see `for_the_sdi`)."""
    return document.credits_id is not None and last_refused(document.credits_id).exists()


def is_taken_back(invoice: Invoice) -> bool:
    """Is nothing of it left?"""
    back = invoice.credit_notes.aggregate(back=Sum("total_incl_vat"))["back"]
    return back is not None and invoice.total_incl_vat + back <= 0


def last_refused(invoice: int | OuterRef) -> QuerySet[EInvoice]:
    """The last file of an invoice, if that is refused."""
    newer = EInvoice.objects.filter(invoice=OuterRef("invoice"), attempt__gt=OuterRef("attempt"))
    return EInvoice.objects.filter(~Exists(newer), invoice=invoice, state=State.REFUSED)


def refused(operator: Operator) -> QuerySet[EInvoice]:
    """Those that nothing was sent for since, and that have not been taken back."""
    newer = EInvoice.objects.filter(invoice=OuterRef("invoice"), attempt__gt=OuterRef("attempt"))
    notes = Invoice.objects.filter(credits=OuterRef("invoice")).order_by().values("credits")
    back = Subquery(notes.values(back=Sum("total_incl_vat")))
    found = EInvoice.objects.filter(~Exists(newer), operator=operator, state=State.REFUSED).defer("xml")
    owed = F("invoice__total_incl_vat") + Coalesce(back, 0, output_field=MoneyField())
    return found.annotate(owed=owed).exclude(owed__lte=0).select_related("invoice").order_by("state_at")


def batches(operator: Operator) -> QuerySet[EInvoiceBatch]:
    """Newest first, each with `answered`: of how many files the SdI has told something."""
    found = EInvoiceBatch.objects.filter(operator=operator).select_related("created_by")
    return found.annotate(answered=Count("einvoices__notifications__einvoice", distinct=True)).order_by("-pk")


def _told(notification: SdiNotification, is_current: bool) -> Told:
    said = json.loads(notification.said)
    errors = tuple(
        Error(error["code"], error["text"], sdi_words.meaning(error["code"]), sdi_words.place_of(error["code"]))
        for error in said.get("errors", ())
    )
    return Told(notification, errors, said.get("note", ""), said.get("recipient", ""), is_current)


def _mend_until(invoice: Invoice, file: EInvoice, told: Sequence[Told]) -> date:
    """Five days from when the SdI had the file, or heard of it: a refusal does not say when it was written, and is never earlier."""
    zone = pricing.zone(invoice.operator.time_zone)
    heard = (_instant(json.loads(one.notification.said).get("at", ""), zone) for one in told if one.is_current)
    refused_at = min([file.state_at, *(at for at in heard if at)])
    return (refused_at.astimezone(zone) + TIME_TO_MEND).date()


def _instant(said: str, zone: ZoneInfo) -> datetime | None:
    try:
        at = datetime.fromisoformat(said)
    except ValueError:
        return None
    return at if at.tzinfo else at.replace(tzinfo=zone)
