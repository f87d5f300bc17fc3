"""Prices of places and sockets as drivers read them."""

from collections.abc import Collection
from datetime import datetime

from django.contrib.auth.models import AnonymousUser

from accounts.models import User
from billing import pricing
from billing.models import TariffVersion
from cms.portal import price_card
from cms.portal.price_card import PriceCard
from stations.models import EVSE

Asker = User | AnonymousUser
"""Whoever looks: each reads his own price; somebody without an account has the ad-hoc price (AFIR art. 5)."""


def versions(evses: Collection[EVSE], *, at: datetime, asker: Asker) -> dict[int, TariffVersion | None]:
    """By socket, in two queries, and some about who asks. The sockets come with their station."""
    wanted = {evse.pk: pricing.place_of(evse) for evse in evses}
    found = pricing.tariffs_for(wanted.values(), at=at, who=_whos(asker, {p.operator_id for p in wanted.values()}))
    return {pk: found[place] for pk, place in wanted.items()}


def _whos(asker: Asker, operators: Collection[int]) -> dict[int, pricing.Who]:
    if not isinstance(asker, User):
        return dict.fromkeys(operators, pricing.AD_HOC)
    return pricing.whos_of(asker)


def card(version: TariffVersion | None, *, time_zone: str, power_w: int | None, at: datetime) -> PriceCard:
    """What a charge that starts at `at` costs, by the site's clock."""
    tariff = pricing.parsed(version) if version else None
    return price_card.of(tariff, local=at.astimezone(pricing.zone(time_zone)), power_w=power_w)


def card_of(evse: EVSE, *, at: datetime, user: Asker) -> PriceCard:
    return card_under(versions([evse], at=at, asker=user)[evse.pk], evse, at=at)


def card_under(version: TariffVersion | None, evse: EVSE, *, at: datetime) -> PriceCard:
    """That price at this socket."""
    zone = (evse.station.location or evse.station.operator).time_zone
    return card(version, time_zone=zone, power_w=evse.max_power_w, at=at)
