"""What was in each wallet at the beginning of a month, what came and went, and what was left: the prepaid balances that are owed."""

from collections.abc import Iterator
from decimal import Decimal
from itertools import islice

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from billing.models import Wallet, WalletEntry
from billing.selectors import months, wallets
from billing.tariffs import exact
from cms.core.csv_dialect import Cell

from . import asking, paging
from .kinds import Ask, Column, Format, Kind

CHUNK = 500
Of = WalletEntry.Kind

COLUMNS = (
    Column("driver", _("Driver")),
    Column("email", _("E-mail"), width=28),
    Column("currency", _("Currency"), width=9),
    Column("opening", _("At the beginning"), Format.MONEY, summed=True),
    *(
        Column(kind.value, title, Format.MONEY, summed=True)
        for kind, title in (
            (Of.TOP_UP, _("Top-ups")),
            (Of.VOUCHER, _("Vouchers")),
            (Of.CHARGE, _("Charges")),
            (Of.REFUND, _("Refunds")),
            (Of.CORRECTION, _("Corrections")),
        )
    ),
    Column("closing", _("At the end"), Format.MONEY, summed=True),
)
_KINDS = (Of.TOP_UP, Of.VOUCHER, Of.CHARGE, Of.REFUND, Of.CORRECTION)


def found(ask: Ask) -> QuerySet[Wallet]:
    """Those that had an entry by the end of the month."""
    _start, end = months.bounds(ask.operator, asking.month_of(ask.params))
    touched = WalletEntry.objects.filter(wallet__operator=ask.operator, created_at__lt=end)
    return Wallet.objects.filter(operator=ask.operator, pk__in=touched.values("wallet"))


def rows(ask: Ask) -> Iterator[list[Cell]]:
    start, end = months.bounds(ask.operator, asking.month_of(ask.params))
    every = paging.by_key(found(ask).select_related("driver__user"))
    while chunk := list(islice(every, CHUNK)):
        moved = wallets.moved(chunk, start, end)
        yield from (_row(wallet, moved[wallet.pk]) for wallet in chunk)


def _row(wallet: Wallet, moved: dict[str, Decimal]) -> list[Cell]:
    amounts = [moved.get("opening", Decimal(0)), *(moved.get(kind, Decimal(0)) for kind in _KINDS)]
    cents = [exact.cents(exact.number(amount), wallet.currency) for amount in (*amounts, sum(amounts, Decimal(0)))]
    return [str(wallet.driver), wallet.driver.user.email, wallet.currency, *cents]


KIND = Kind(
    name="wallets",
    title=_("Prepaid balances"),
    permission="driver.view",
    clean=asking.month,
    stem=lambda ask: asking.stem("wallets", ask),
    columns=COLUMNS,
    rows=rows,
    count=lambda ask: found(ask).count(),
    says=asking.says,
    personal=True,
)
