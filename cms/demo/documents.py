"""What became of the documents: e-invoices sent and answered, one of them refused, and the corrispettivi of every night."""

from datetime import timedelta

from django.db.models import F, OuterRef, Subquery
from django.utils import timezone

from accounts.models import Operator, SentMail
from billing.models import EInvoice, EInvoiceBatch, Invoice, SdiNotification
from billing.services.invoicing import batches, einvoices, sdi, takings

from . import cast

SENT_AFTER, ANSWERED_AFTER = timedelta(hours=7), timedelta(hours=9)
LATELY = timedelta(days=1)  # so that there is still time to mend what is refused

_MESSAGE = (
    '<?xml version="1.0" encoding="UTF-8"?>\n<types:{root} xmlns:types="http://www.fatturapa.gov.it/sdi/messaggi/v1.0" versione="1.0">'
    "<IdentificativoSdI>{sdi}</IdentificativoSdI><NomeFile>{file}</NomeFile>"
    "<DataOraRicezione>{at}</DataOraRicezione>{more}<MessageId>{message}</MessageId></types:{root}>\n"
)
_DELIVERED = "RicevutaConsegna", "<DataOraConsegna>{at}</DataOraConsegna>"
_NOT_DELIVERED = "RicevutaImpossibilitaRecapito", "<Descrizione>Casella PEC piena</Descrizione>"
_REFUSED = (
    "RicevutaScarto",
    "<ListaErrori><Errore><Codice>00305</Codice><Descrizione>1.4.1.1.2 &lt;IdCodice&gt; non valido: partita IVA cessata</Descrizione>"
    "</Errore></ListaErrori>",
)


def tell() -> None:
    """Of all operators: their files of past months are answered; the last one of the newest month is refused, the one before left in
    the tax drawer."""
    for company in cast.COMPANIES:
        operator = Operator.objects.get(slug=company.slug)
        ids = list(Invoice.objects.filter(operator=operator).order_by("pk").values_list("pk", flat=True))
        einvoices.make_many(ids)
        _mailed(ids)
        if EInvoice.objects.filter(operator=operator).exists():
            _send(operator)
        takings.record(operator=operator, retold=True)


def _send(operator: Operator) -> None:
    batch = batches.hand_over(operator=operator, by=None)
    files = list(EInvoice.objects.filter(batch=batch).select_related("invoice").order_by("pk"))
    kinds = [_DELIVERED] * len(files)
    if len(files) > 2:
        kinds[-2:] = [_NOT_DELIVERED, _REFUSED]
    answers = [_answer(place, file, *kind) for place, (file, kind) in enumerate(zip(files, kinds, strict=True))]
    sdi.receive(operator=operator, files=answers, by=None)
    _at_the_time(files, batch)


def _answer(place: int, file: EInvoice, root: str, more: str) -> tuple[str, bytes]:
    heard = timezone.now() - LATELY if root == _REFUSED[0] else file.invoice.created_at + ANSWERED_AFTER
    at = heard.isoformat(timespec="seconds")
    stem = file.file_name.removesuffix(".xml")
    text = _MESSAGE.format(
        root=root, sdi=9_100_000 + place, file=file.file_name, at=at, more=more.format(at=at), message=270_000 + place
    )
    return f"{stem}_{place:03d}.xml", text.encode()


def _at_the_time(files: list[EInvoice], batch: EInvoiceBatch) -> None:
    """Everything as if it had happened on the day of each document."""
    mine = EInvoice._base_manager.filter(pk__in=[file.pk for file in files])  # a made-up past is no real book
    issued = Subquery(Invoice.objects.filter(pk=OuterRef("invoice")).values("created_at"))
    mine.update(created_at=issued, state_at=issued)
    mine.update(state_at=F("state_at") + ANSWERED_AFTER)
    told = SdiNotification._base_manager.filter(einvoice__in=mine)
    told.update(created_at=Subquery(EInvoice.objects.filter(pk=OuterRef("einvoice")).values("state_at")))
    yesterday = timezone.now() - LATELY
    refused = mine.filter(state=EInvoice.State.REFUSED)
    SdiNotification._base_manager.filter(einvoice__in=refused).update(created_at=yesterday)
    refused.update(state_at=yesterday)
    last = max(file.invoice.created_at for file in files)
    EInvoiceBatch.objects.filter(pk=batch.pk).update(created_at=last + SENT_AFTER)


def _mailed(ids: list[int]) -> None:
    """The copies of then were read long ago."""
    people = Invoice.objects.filter(pk__in=ids, driver__isnull=False).values_list(
        "pk", "driver__user", "driver__user__email", "created_at"
    )
    SentMail.objects.bulk_create(
        SentMail(key=f"invoice:{pk}:{user}", recipient=email, claimed_at=at, sent_at=at)
        for pk, user, email, at in people
    )
