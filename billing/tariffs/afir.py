"""PURE: the price that the law allows for charging without a contract (AFIR, Regulation (EU) 2023/1804, article 5 (4)).

At points of 50 kW and more it is a price per kWh; the only thing besides is an occupancy fee per minute. Below, the parts are shown
in one order: per kWh, per minute, per session, anything else (`words.sentence` keeps it).
"""

from enum import StrEnum

from .model import Dimension, Tariff

FAST_W = 50_000


class Objection(StrEnum):
    """Why a tariff may not be the ad-hoc price of a fast point."""

    NO_ENERGY = "no_energy"
    TIME = "time"
    FLAT = "flat"
    MIN_PRICE = "min_price"


_FORBIDDEN = {Dimension.TIME: Objection.TIME, Dimension.FLAT: Objection.FLAT}


def objections(tariff: Tariff) -> list[Objection]:
    """None for a tariff that is free. Fees of a reservation are left out: nobody without a contract can make one."""
    charging = [e for e in tariff.elements if e.restrictions.reservation is None]
    priced = {c.dimension for e in charging for c in e.components if c.price}
    found = [Objection.NO_ENERGY] if priced and Dimension.ENERGY not in priced else []
    found += [objection for dimension, objection in _FORBIDDEN.items() if dimension in priced]
    if tariff.min_price and (tariff.min_price.incl_vat or tariff.min_price.excl_vat):
        found.append(Objection.MIN_PRICE)
    return found
