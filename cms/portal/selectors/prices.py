"""Prices of places and sockets as drivers read them."""

from collections.abc import Collection
from datetime import datetime

from billing import pricing
from billing.models import TariffVersion
from cms.portal import price_card
from cms.portal.price_card import PriceCard
from stations.models import EVSE, Location


def versions(locations: Collection[Location], *, at: datetime) -> dict[int, TariffVersion | None]:
    """By location, in two queries."""
    wanted = {place.pk: pricing.Place(place.operator_id, place.pk) for place in locations}
    found = pricing.tariffs_for(wanted.values(), at=at)
    return {pk: found[place] for pk, place in wanted.items()}


def card(version: TariffVersion | None, *, time_zone: str, power_w: int | None, at: datetime) -> PriceCard:
    """What a charge that starts at `at` costs, by the site's clock."""
    tariff = pricing.parsed(version) if version else None
    return price_card.of(tariff, local=at.astimezone(pricing.zone(time_zone)), power_w=power_w)


def card_of(evse: EVSE, *, at: datetime) -> PriceCard:
    station = evse.station
    version = pricing.tariff_for(location_id=station.location_id, operator_id=station.operator_id, at=at)
    zone = (station.location or station.operator).time_zone
    return card(version, time_zone=zone, power_w=evse.max_power_w, at=at)
