"""Electronic invoices (FatturaPA): the files as handed to the Sistema di Interscambio, and what it said of them."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import Operator, User
from cms.core.fields import MoneyField
from cms.core.models import Frozen, Immutable, Kept, Timestamped, Visible

from .invoice import Invoice


class FiscalSettings(Timestamped):
    """What Italian documents need of an operator beyond its own data. `transmitter`: country and fiscal id of who hands the files
    to the SdI, "" for the operator itself. `no_vat_natura` and `no_vat_law` stand where a price has no VAT. `server_energia`: the
    id of the registered sender of corrispettivi. With `charge_stamp_duty` the customer pays the bollo, as a line of the invoice.
    `series` is what numbers from now on begin with. `rea_…`, `share_capital` and what follows: what a company of the register says
    of itself on its documents (art. 2250 codice civile); nothing where `rea_number` is empty."""

    class SoleShareholder(models.TextChoices):
        """SocioUnico of FatturaPA; "" for who is no company with quotas."""

        ONE = "SU", _("one shareholder")
        MANY = "SM", _("several shareholders")

    operator = models.OneToOneField(Operator, models.PROTECT, related_name="fiscal_settings")
    transmitter = models.CharField(_("fiscal id of the transmitter"), max_length=30, blank=True, default="")
    no_vat_natura = models.CharField(_("natura of amounts without VAT"), max_length=4, default="N2.2")
    no_vat_law = models.CharField(
        _("law that says so"), max_length=100, blank=True, default="Fuori campo IVA, art. 2 DPR 633/1972"
    )
    charge_stamp_duty = models.BooleanField(_("the customer pays the stamp duty"), default=False)
    mail_invoices = models.BooleanField(_("mail a copy of each document to the customer"), default=True)
    server_energia = models.CharField(_("“Server energia” id"), max_length=40, blank=True, default="")
    series = models.CharField(_("series of numbers"), max_length=8, blank=True, default="")
    rea_office = models.CharField(_("province of the register"), max_length=2, blank=True, default="")
    rea_number = models.CharField(_("REA number"), max_length=20, blank=True, default="")
    share_capital = MoneyField(_("share capital"), null=True, blank=True)
    sole_shareholder = models.CharField(
        _("shareholders"), max_length=2, choices=SoleShareholder, blank=True, default=""
    )
    in_liquidation = models.BooleanField(_("in liquidation"), default=False)

    objects = Visible.as_manager()

    def __str__(self) -> str:
        return f"fiscal settings of {self.operator_id}"


class FileSequence(models.Model):
    """The row that is locked while a file name is taken: unique per transmitter for ever, never given back."""

    transmitter = models.CharField(max_length=30)
    last = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["transmitter"], name="file_sequence_unique")]

    def __str__(self) -> str:
        return f"{self.transmitter}: {self.last}"


class EInvoiceBatch(Immutable):
    """A zip for the intermediary. The files are those of its e-invoices, `sha256` the zip's own."""

    operator = models.ForeignKey(Operator, models.PROTECT, related_name="einvoice_batches")
    name = models.CharField(max_length=60)
    files = models.PositiveIntegerField()
    sha256 = models.CharField(max_length=64)
    created_at = models.DateTimeField(auto_now_add=True)
    created_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")

    objects = Visible.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["operator", "name"], name="einvoice_batch_unique")]

    def __str__(self) -> str:
        return self.name


class EInvoiceQuerySet(Frozen):
    moving = frozenset({"state", "state_at", "batch"})


class EInvoice(Kept):
    """One file of one document: written once, `attempt` counts what the SdI refused before. Only `state` and `batch` change, by
    conditional updates: see billing.documents.fatturapa.notices for how messages move the state."""

    class State(models.TextChoices):
        READY = "ready", _("to be sent")
        HANDED = "handed", _("sent")
        DELIVERED = "delivered", _("delivered")
        UNDELIVERED = "undelivered", _("left in the tax drawer")
        ATTESTED = "attested", _("sent, not deliverable")
        REFUSED = "refused", _("refused")
        ACCEPTED = "accepted", _("accepted")
        DECLINED = "declined", _("declined by the customer")
        LAPSED = "lapsed", _("accepted by silence")

    operator = models.ForeignKey(Operator, models.PROTECT, related_name="einvoices")
    invoice = models.ForeignKey(Invoice, models.PROTECT, related_name="einvoices")
    attempt = models.PositiveIntegerField(default=1)
    file_name = models.CharField(max_length=50)
    xml = models.BinaryField()
    sha256 = models.CharField(max_length=64)
    batch = models.ForeignKey(EInvoiceBatch, models.PROTECT, null=True, blank=True, related_name="einvoices")
    state = models.CharField(max_length=12, choices=State, default=State.READY)
    state_at = models.DateTimeField()
    created_at = models.DateTimeField(auto_now_add=True)

    objects = EInvoiceQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["invoice", "attempt"], name="einvoice_attempt_unique"),
            models.UniqueConstraint(fields=["file_name"], name="einvoice_file_unique"),
        ]
        indexes = [models.Index(fields=["operator", "state"], name="einvoice_state")]

    def __str__(self) -> str:
        return self.file_name


class GuestBuyer(Timestamped):
    """What the accountant knows better of a buyer without an account: `data` is JSON text as on the invoice, which stays what it was.
    The next e-invoice of it says this."""

    invoice = models.OneToOneField(Invoice, models.PROTECT, related_name="guest_buyer")
    data = models.TextField()

    def __str__(self) -> str:
        return f"buyer of {self.invoice_id}"


class SdiNotification(Kept):
    """One message of the SdI as it came. `said` is JSON text: {"errors": [{"code", "text"}], "note", "recipient", "at"}."""

    class Kind(models.TextChoices):
        DELIVERED = "RC", _("RC delivered")
        NOT_DELIVERED = "MC", _("MC not delivered")
        REFUSED = "NS", _("NS refused")
        OUTCOME = "NE", _("NE answer of the public body")
        LAPSED = "DT", _("DT time for an answer has passed")
        ATTESTED = "AT", _("AT sent, impossible to deliver")

    operator = models.ForeignKey(Operator, models.PROTECT, related_name="sdi_notifications")
    einvoice = models.ForeignKey(EInvoice, models.PROTECT, related_name="notifications")
    kind = models.CharField(max_length=2, choices=Kind)
    sdi_id = models.CharField(max_length=40, blank=True)
    file_name = models.CharField(max_length=100)
    outcome = models.CharField(max_length=4, blank=True)  # EC01 accepted, EC02 refused: only NE
    said = models.TextField(default="{}")
    raw = models.BinaryField()
    sha256 = models.CharField(max_length=64)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = Frozen.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["operator", "sha256"], name="sdi_notification_unique")]

    def __str__(self) -> str:
        return f"{self.kind} {self.file_name}"
