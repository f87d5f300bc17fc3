"""How real stations misbehave, as parts that can be combined: each changes what goes on the wire, nothing else.

Named after the rows of the field notes ("Q34" is a repeated StartTransaction); `named` reads what a person typed.
"""

from collections.abc import Callable, Sequence

from .. import signing
from . import clocks, limits, meters, transactions, wire
from .behaviour import METER, START, STOP, Behaviour, Frame, Loses, Repeats, Rewrites

__all__ = ["QUIRKS", "Behaviour", "Frame", "named"]

ALL = (START, METER, STOP)

QUIRKS: dict[str, Callable[[], Behaviour]] = {
    "Q27": clocks.StandsIn1970,
    "Q28": clocks.IsOff,
    "Q29": lambda: Rewrites(clocks.absurd_year, START, STOP),
    "Q34": lambda: Repeats(START, times=3),
    "Q35": transactions.StartsAgainAfterStop,
    "Q36": lambda: Loses(STOP),
    "Q37": lambda: Rewrites(lambda payload: transactions.numbered(payload, -1), STOP),
    "Q38": lambda: Rewrites(lambda payload: transactions.numbered(payload, transactions.INT64_MAX), METER),
    "Q39": lambda: Rewrites(transactions.own_number, METER),
    "Q40": lambda: Rewrites(transactions.no_reservation, START),
    "Q41": wire.NullPayloads,
    "Q42": lambda: Rewrites(transactions.no_token, STOP),
    "Q43": lambda: Rewrites(meters.fraction_of_wh, STOP),
    "Q44": meters.CountsTheSession,
    "Q45": transactions.FreeVend,
    "Q46": lambda: Rewrites(transactions.spelled_otherwise, START, STOP),
    "Q47": transactions.NeverBegins,
    "Q48": transactions.RestartsSilently,
    "Q49": transactions.LosesPower,
    "Q50": transactions.IgnoresRefusals,
    "Q51": wire.ReadsToTheLetter,
    "Q52": transactions.CountsFromOne,
    "Q53": transactions.MetersLate,
    "Q55": transactions.Shuffles,
    "Q56": lambda: Rewrites(transactions.start_button, START),
    "Q57": transactions.EndsLate,
    "Q58": lambda: Rewrites(meters.single_object, METER),
    "Q59": lambda: Rewrites(meters.with_an_empty_one, METER),
    "Q60": lambda: Rewrites(meters.kwh_called_wh, *ALL),
    "Q61": meters.WritesOddly,
    "Q62": lambda: Rewrites(meters.odd_units, *ALL),
    "Q63": lambda: Rewrites(meters.registers_per_phase, *ALL),
    "Q64": lambda: Rewrites(meters.phases_to_neutral, *ALL),
    "Q65": meters.Overflows,
    "Q66": meters.BeginsAnew,
    "Q67": clocks.StampsOnce,
    "Q68": meters.MetersTheStation,
    "Q69": lambda: Loses(METER),
    "Q70": meters.SendsOneByOne,
    "Q71": lambda: Rewrites(meters.signed_beside, *ALL),
    "Q72": lambda: Rewrites(meters.nameless_temperature, *ALL),
    "Q73": limits.OnlyTheGroundFloor,
    "Q74": limits.OnlyItsMaximum,
    "Q75": limits.AcceptsAndForgets,
    "Q76": limits.NeedsSixAmperes,
    "Q77": limits.OnlyAbsolute,
    "Q78": limits.OnlyWatts,
    "Q79": limits.ForgetsAtBoot,
    "Q80": limits.ClearsNothing,
    "Q88": wire.RestartsMessageIds,
}
QUIRKS |= {
    "clock-1970": QUIRKS["Q27"],
    "clock-drift": clocks.Drifts,
    "clock-local": clocks.KeepsLocalTime,
    "duplicates": lambda: Repeats(*ALL),
    "no-meter-values": QUIRKS["Q69"],
    "kwh": lambda: Rewrites(meters.kwh, METER),
    "kwh-as-wh": QUIRKS["Q60"],
    "session-samples": meters.SamplesTheSession,
    "32-bit": meters.Wraps,
    "pause-ends": limits.EndsAtNothing,
    "tampered": lambda: Rewrites(signing.tamper, STOP),  # says something of a station that signs
}


def named(names: Sequence[str]) -> tuple[Behaviour, ...]:
    """The behaviours a person asked for, in that order. ValueError names what there is."""
    unknown = [name for name in names if name not in QUIRKS]
    if unknown:
        raise ValueError(f"unknown quirk {', '.join(unknown)}; there are {', '.join(QUIRKS)}")
    return tuple(QUIRKS[name]() for name in names)
