"""The adoption list: who knocked and was refused, and why. Shows technicians and operators what stands outside."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta

from cms.core import rows
from stations.models import UnknownStation

KEPT, KEPT_FOR = 1000, timedelta(days=30)  # anybody can knock


def note(refused: Sequence[tuple[str, str, str]], now: datetime) -> None:
    """(identity, reason, remote address) of each refused knock: one row per identity and reason, with its attempts."""
    if not refused:
        return
    remotes = {(_shown(identity), reason): remote[:64] for identity, reason, remote in refused}
    attempts = Counter((_shown(identity), reason) for identity, reason, _remote in refused)
    found = UnknownStation.objects.filter(identity__in={identity for identity, _reason in attempts})
    listed = {
        (identity, reason): (pk, count)
        for pk, identity, reason, count in found.values_list("id", "identity", "reason", "attempts")
    }
    rows.update(
        UnknownStation,
        ("id",),
        ("attempts", "last_seen", "remote"),
        sorted((listed[k][0], listed[k][1] + n, now, remotes[k]) for k, n in attempts.items() if k in listed),
    )
    new = [(*key, remotes[key], now, now, n) for key, n in sorted(attempts.items()) if key not in listed]
    columns = ("identity", "reason", "remote", "first_seen", "last_seen", "attempts")
    rows.insert_new(UnknownStation, columns, new)
    if new and UnknownStation.objects.count() > 2 * KEPT:
        retire(before=now - KEPT_FOR)


def forget(*, identity: str) -> None:
    UnknownStation.objects.filter(identity=identity).delete()


def retire(*, before: datetime) -> int:
    """Drops who has not knocked since `before`, and all but the latest KEPT. Returns how many rows went."""
    kept = UnknownStation.objects.filter(last_seen__gte=before).order_by("-last_seen").values_list("id", flat=True)
    return UnknownStation.objects.exclude(id__in=list(kept[:KEPT])).delete()[0]


def _shown(identity: str) -> str:
    """What a stranger typed, without control characters, cut to a readable length."""
    return "".join(sign if sign.isprintable() else "\N{REPLACEMENT CHARACTER}" for sign in identity[:100])
