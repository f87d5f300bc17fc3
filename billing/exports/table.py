"""Which files there are. A room above registers its own in its app's ready()."""

from . import (
    at_risk,
    charges,
    documents,
    einvoices,
    fleets,
    host_statements,
    journal,
    kinds,
    payments,
    promo_codes,
    protocol,
    replays,
    subscribers,
    takings,
    vat,
    wallets,
)


def register() -> None:
    """In the order in which they are offered."""
    kinds.register(
        charges.KIND,
        documents.KIND,
        einvoices.KIND,
        takings.KIND,
        takings.BY_DAY,
        payments.KIND,
        journal.KIND,
        wallets.KIND,
        vat.KIND,
        protocol.KIND,
        host_statements.KIND,
        host_statements.OWN,
        at_risk.KIND,
        promo_codes.KIND,
        fleets.KIND,
        subscribers.KIND,
        replays.KIND,
    )
