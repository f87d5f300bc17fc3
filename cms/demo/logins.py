"""The demo's ways in, for the terminal and for the sign-in page."""

from . import cast

ROLES = (
    (cast.OLGA, "runs Rete Adriatica"),
    (cast.TOM, "answers its phone"),
    (cast.ANNA, "keeps its books"),
    (cast.LUCA, "mends its stations"),
    (cast.PAOLA, "hosts stations on her parking place"),
    (cast.DARIO, "charges there"),
    (cast.CARLA, "runs Costa Ovest and sees nothing of the others"),
)


def lines() -> list[str]:
    """One per login, ready to print."""
    return [f"    {person.email:<24} {cast.PASSWORD}   {who}" for person, who in ROLES]
