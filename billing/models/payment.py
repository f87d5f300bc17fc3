"""Money in and back: what was asked of a payment provider, by whom, and what became of it.

Every movement is a `PaymentStep`, committed before the provider is asked, with the key that makes asking again boring
(docs/decisions/0021). What the provider pays out is in `payout`."""

import uuid
from decimal import Decimal

from django.conf import settings
from django.db import models
from django.db.models import F, OuterRef, Q, Subquery, Sum, Value
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.models import Company, Driver, Operator
from cms.core.fields import MoneyField
from cms.core.models import Timestamped, Visible
from sessions_app.models import ChargingSession, StartRequest

from .cdr import CDR
from .invoice import Invoice


class PaymentCustomer(Timestamped):
    """Who a driver, or a company, is at a provider. `gateway_id` is empty until the provider has told it."""

    operator = models.ForeignKey(Operator, models.PROTECT, related_name="+")
    driver = models.ForeignKey(Driver, models.PROTECT, null=True, blank=True, related_name="payment_customers")
    company = models.ForeignKey(Company, models.PROTECT, null=True, blank=True, related_name="payment_customers")
    gateway = models.CharField(max_length=20)
    gateway_id = models.CharField(max_length=100, blank=True, default="")

    objects = Visible.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["driver", "gateway"], name="payment_customer_driver_unique"),
            models.UniqueConstraint(fields=["company", "gateway"], name="payment_customer_company_unique"),
            models.CheckConstraint(
                condition=Q(driver=None, company__isnull=False) | Q(driver__isnull=False, company=None),
                name="payment_customer_is_one",
            ),
        ]

    def __str__(self) -> str:
        return self.gateway_id


class PaymentMethodQuerySet(Visible):
    def usable(self) -> "PaymentMethodQuerySet":
        return self.filter(status=PaymentMethod.Status.ACTIVE)


class PaymentMethod(Timestamped):
    """A card (or wallet: Apple Pay, Google Pay) that somebody has saved at the provider; we know how it looks, never its number.

    `setup_id` is the provider's conversation in which it is saved (Stripe: SetupIntent), `client_secret` and `action_url` what the
    driver's browser needs for it. `gateway_id` is empty until that has succeeded."""

    class Status(models.TextChoices):
        PENDING = "pending", _("being added")
        ACTIVE = "active", pgettext_lazy("payment method", "active")
        FAILED = "failed", _("refused")
        REMOVED = "removed", _("removed")

    operator = models.ForeignKey(Operator, models.PROTECT, related_name="+")
    driver = models.ForeignKey(Driver, models.PROTECT, null=True, blank=True, related_name="payment_methods")
    company = models.ForeignKey(Company, models.PROTECT, null=True, blank=True, related_name="payment_methods")
    uid = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    gateway = models.CharField(max_length=20)
    gateway_id = models.CharField(max_length=100, blank=True, default="")
    setup_id = models.CharField(max_length=100, blank=True, default="")
    client_secret = models.CharField(max_length=200, blank=True, default="")
    action_url = models.TextField(blank=True, default="")
    status = models.CharField(max_length=10, choices=Status, default=Status.PENDING)
    is_default = models.BooleanField(default=False)
    kind = models.CharField(max_length=20, default="card")  # the provider's word: card, sepa_debit …
    brand = models.CharField(max_length=20, blank=True, default="")
    wallet = models.CharField(max_length=20, blank=True, default="")  # apple_pay, google_pay
    last4 = models.CharField(max_length=4, blank=True, default="")
    exp_month = models.PositiveSmallIntegerField(null=True, blank=True)
    exp_year = models.PositiveSmallIntegerField(null=True, blank=True)
    error_code = models.CharField(max_length=60, blank=True, default="")

    objects = PaymentMethodQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["driver"], condition=Q(is_default=True), name="payment_method_one_default_per_driver"
            ),
            models.UniqueConstraint(
                fields=["company"], condition=Q(is_default=True), name="payment_method_one_default_per_company"
            ),
        ]

    def __str__(self) -> str:
        return card_name(self.brand or self.kind, self.last4)


def card_name(brand: str, last4: str) -> str:
    """Visa …4242, as people call it; the provider writes brands small."""
    return f"{brand.replace('_', ' ').capitalize()} …{last4}"


def kept_for(cdr: str = "pk", *, gross: bool = False) -> Coalesce:
    """What came in for the charge that `cdr` of the outer query names, less what went back (`gross`: with it); 0 for nothing."""
    moved = F("captured") if gross else F("captured") - F("refunded")
    mine = Payment.objects.filter(cdr=OuterRef(cdr)).order_by().values("cdr").annotate(kept_sum=Sum(moved))
    whole = Subquery(mine.values("kept_sum"), output_field=MoneyField())
    return Coalesce(whole, Value(0, output_field=MoneyField()), output_field=MoneyField())


class PaymentQuerySet(Visible):
    def open(self) -> "PaymentQuerySet":
        """Whose end nobody knows yet."""
        return self.filter(status__in=OPEN)

    def holds(self) -> "PaymentQuerySet":
        return self.filter(status=Payment.Status.AUTHORIZED)

    def paid(self) -> "PaymentQuerySet":
        """Money came in, and not all of it went back."""
        return self.filter(captured__gt=F("refunded"))


class Payment(Timestamped):
    """One attempt to be paid: a hold (`later`: captured when the charge has ended) or a charge at once.

    `amount` is what was asked for, of a hold what is blocked on the card; `captured` came in, `refunded` went back of it.
    `idempotency_key` makes a second attempt boring, here and at the provider. A charge that is paid in parts, or at the third
    try, has several; at most one of them is open. `gateway` "wallet" is our own prepaid balance, "bank" a transfer that a person
    entered: neither asks a provider. `error_code` is the provider's word for a decline, `error` its sentence; whether and when
    it is tried again its DunningCase says.
    `card_brand`, `card_last4`: of the card that was used, as receipts must name it years later, whatever became of `method`.
    """

    class Status(models.TextChoices):
        PENDING = "pending", _("pending")
        ACTION_NEEDED = "action_needed", _("waits for the customer")
        AUTHORIZED = "authorized", _("held")
        CAPTURED = "captured", _("paid")
        FAILED = "failed", _("failed")
        RELEASED = "released", _("released")
        REFUNDED = "refunded", _("refunded")
        DISPUTED = "disputed", _("disputed")

    class Purpose(models.TextChoices):
        CHARGE = "charge", _("charge")
        ADHOC = "adhoc", _("charge without an account")
        SUBSCRIPTION = "subscription", _("plan")
        TOP_UP = "top_up", _("wallet top-up")
        INVOICE = "invoice", _("invoice")

    operator = models.ForeignKey(Operator, models.PROTECT, related_name="payments")
    driver = models.ForeignKey(Driver, models.PROTECT, null=True, blank=True, related_name="payments")
    company = models.ForeignKey(Company, models.PROTECT, null=True, blank=True, related_name="payments")
    method = models.ForeignKey(PaymentMethod, models.PROTECT, null=True, blank=True, related_name="payments")
    purpose = models.CharField(max_length=12, choices=Purpose, default=Purpose.CHARGE)
    cdr = models.ForeignKey(
        CDR, models.PROTECT, null=True, blank=True, related_name="payments", related_query_name="payment"
    )
    invoice = models.ForeignKey(Invoice, models.PROTECT, null=True, blank=True, related_name="payments")
    session = models.ForeignKey(ChargingSession, models.PROTECT, null=True, blank=True, related_name="payments")
    start_request = models.ForeignKey(StartRequest, models.SET_NULL, null=True, blank=True, related_name="payments")
    later = models.BooleanField(default=False)
    amount = MoneyField()
    captured = MoneyField(default=Decimal(0))
    refunded = MoneyField(default=Decimal(0))
    currency = models.CharField(max_length=3)
    gateway = models.CharField(max_length=20)
    gateway_id = models.CharField(max_length=100, blank=True)
    card_brand = models.CharField(max_length=20, blank=True, default="")
    card_last4 = models.CharField(max_length=4, blank=True, default="")
    idempotency_key = models.CharField(max_length=100, unique=True)
    status = models.CharField(max_length=14, choices=Status, default=Status.PENDING)
    error = models.TextField(blank=True, default="")
    error_code = models.CharField(max_length=60, blank=True, default="")
    client_secret = models.CharField(max_length=200, blank=True, default="")
    action_url = models.TextField(blank=True, default="")
    return_url = models.TextField(blank=True, default="")
    expires_at = models.DateTimeField(null=True, blank=True)  # of a hold: then the provider lets it go
    valued_on = models.DateField(null=True, blank=True)  # of a bank transfer: when it was on the account
    stop_asked_at = models.DateTimeField(null=True, blank=True)  # the session was stopped because of it
    dispute = models.TextField(
        blank=True, default=""
    )  # the provider's reason and state, as words: "fraudulent needs_response"

    objects = PaymentQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["cdr"],
                condition=Q(status__in=("pending", "action_needed")),
                name="payment_one_open_per_cdr",
            ),
            models.CheckConstraint(
                condition=Q(captured__gte=0) & Q(refunded__gte=0) & Q(refunded__lte=F("captured")),
                name="payment_never_gives_back_more",
            ),
        ]
        indexes = [
            models.Index(fields=["operator", "-id"], name="payment_operator_newest"),
            models.Index(fields=["gateway_id"], name="payment_gateway_id"),
            models.Index(
                fields=["operator", "card_last4", "-id"], condition=~Q(card_last4=""), name="payment_card_tail"
            ),
            models.Index(
                fields=["status", "updated_at"],
                condition=Q(status__in=("pending", "action_needed", "authorized")),
                name="payment_open",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.amount} {self.currency} {self.status}"

    @property
    def card(self) -> str:
        """Visa …4242; "" where no card was used, or nobody told which."""
        if self.card_last4:
            return card_name(self.card_brand or "card", self.card_last4)
        return str(self.method) if self.method and self.method.last4 else ""

    @property
    def kept(self) -> Decimal:
        """What came in and stayed."""
        return self.captured - self.refunded


OPEN = (Payment.Status.PENDING, Payment.Status.ACTION_NEEDED, Payment.Status.AUTHORIZED)


class Refund(Timestamped):
    """Money given back, in full or in part; asked for by a person (`by`) or by ourselves, because the charge was credited."""

    class Status(models.TextChoices):
        PENDING = "pending", _("pending")
        DONE = "done", _("given back")
        FAILED = "failed", _("failed")

    payment = models.ForeignKey(Payment, models.PROTECT, related_name="refunds")
    operator = models.ForeignKey(Operator, models.PROTECT, related_name="+")
    amount = MoneyField()
    reason = models.TextField(blank=True, default="")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")
    status = models.CharField(max_length=8, choices=Status, default=Status.PENDING)
    gateway_id = models.CharField(max_length=100, blank=True, default="")
    idempotency_key = models.CharField(max_length=140, unique=True)
    error = models.TextField(blank=True, default="")

    objects = Visible.as_manager()

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(amount__gt=0), name="refund_is_positive")]
        indexes = [models.Index(fields=["gateway_id"], name="refund_gateway_id")]

    def __str__(self) -> str:
        return f"{self.amount} of {self.payment_id} {self.status}"


class PaymentStep(Timestamped):
    """Our own log of what the provider was asked: committed as pending first, then asked with `key`, then settled. Killed in
    between, the sweep asks again with the same key, or, where the provider may have forgotten it, what became of it."""

    class Kind(models.TextChoices):
        AUTHORIZE = "authorize", _("hold")
        CHARGE = "charge", _("charge")
        INCREMENT = "increment", _("raise the hold")
        CAPTURE = "capture", _("capture")
        RELEASE = "release", _("release")
        REFUND = "refund", _("refund")

    class Status(models.TextChoices):
        PENDING = "pending", _("pending")
        DONE = "done", _("done")
        FAILED = "failed", _("failed")

    payment = models.ForeignKey(Payment, models.PROTECT, related_name="steps")
    refund = models.ForeignKey(Refund, models.PROTECT, null=True, blank=True, related_name="steps")
    kind = models.CharField(max_length=10, choices=Kind)
    key = models.CharField(max_length=140, unique=True)
    amount = MoneyField(default=Decimal(0))
    status = models.CharField(max_length=8, choices=Status, default=Status.PENDING)
    asked = models.PositiveIntegerField(default=0)  # how often the provider was asked
    error = models.TextField(blank=True, default="")
    error_code = models.CharField(max_length=60, blank=True, default="")

    class Meta:
        indexes = [models.Index(fields=["updated_at"], condition=Q(status="pending"), name="payment_step_pending")]
        constraints = [
            models.UniqueConstraint(
                fields=["payment"],
                condition=Q(status="pending") & ~Q(kind="refund"),
                name="payment_step_one_at_a_time",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.amount} {self.status}"
