"""What makes a person look at a charge, in words."""

from collections.abc import Iterable

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

WORDS: dict[str, Promise] = {  # the engine's reasons (sessions_app.engine.project)
    "missing_start": gettext_lazy("the charger never reported the start"),
    "missing_stop": gettext_lazy("the charger never reported the end"),
    "late_stop": gettext_lazy("the end was reported after we had closed it"),
    "estimated": gettext_lazy("readings are missing: the energy is estimated"),
    "silent": gettext_lazy("the charger has been silent for long"),
    "unauthorised": gettext_lazy("it charged although the card was refused"),
    "clock": gettext_lazy("the charger’s clock is wrong"),
    "clock_skew": gettext_lazy(
        "the charger’s clock is minutes or hours off: its times and prices by the hour are not right"
    ),
    "closed": gettext_lazy("a person closed it without the charger’s own end"),
    "negative": gettext_lazy("the meter ran backwards"),
    "implausible": gettext_lazy("it took more than any charger can give in the time"),
    "register_mismatch": gettext_lazy("the readings contradict the meter at the end"),
    "scale": gettext_lazy("the readings were in another unit"),
    "mixed_registers": gettext_lazy("two meters were mixed"),
    "other_register": gettext_lazy("the readings are of another meter"),
    "register_jump": gettext_lazy("the meter jumped"),
    "register_reset": gettext_lazy("the meter began again"),
    "double_start": gettext_lazy("the start was reported twice, differently"),
    "double_stop": gettext_lazy("the end was reported twice, differently"),
    "after_end": gettext_lazy("it went on after its end"),
    "seq_conflict": gettext_lazy("two different messages have one number"),
    "reused_id": gettext_lazy("the charger used a transaction number again"),
    "unmetered": gettext_lazy("nothing was measured"),
    "after_correction": gettext_lazy("the charger said otherwise after the correction"),
    "over_power": gettext_lazy("it took more than this socket is built for"),
    "signed_invalid": gettext_lazy("a signature of the meter does not hold"),
    "signed_mismatch": gettext_lazy("the signed energy is another one"),
    "over_rating": gettext_lazy("imported: more than the hardware gives"),
    "no_energy": gettext_lazy("imported without an energy"),
    "unreadable_energy": gettext_lazy("imported with an energy that is no number"),
    "end_before_start": gettext_lazy("imported: it ends before it begins"),
}


def told(reasons: Iterable[str]) -> list[str | Promise]:
    """Each once, in order; a reason without words stands for itself."""
    return [WORDS.get(reason, reason) for reason in dict.fromkeys(reasons) if reason]
