"""What a person may decide about a charge: which forms there are, for whom and when."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts import access
from accounts.models import User
from cms.core.form_fields import ForgivingDecimalField
from sessions_app.models import ChargingSession
from sessions_app.services import decisions

_WRITTEN = "%Y-%m-%dT%H:%M:%S"


class ReasonForm(forms.Form):
    reason = forms.CharField(
        label=_("Why"),
        max_length=500,
        help_text=_("Kept, with your name."),
        error_messages={"required": _("Say why: the reason is kept with the charge.")},
    )

    @classmethod
    def about(cls, session: ChargingSession, kind: str, data: Any = None) -> "ReasonForm":
        return cls(data, auto_id=f"{kind}_%s")


class _LocalMoment(forms.DateTimeField):
    """In the time zone that is active. Left as it was, it stays the instant it was: also in the hour that comes twice."""

    widget = forms.DateTimeInput(attrs={"type": "datetime-local", "step": 1}, format=_WRITTEN)
    kept: datetime | None = None

    def to_python(self, value: Any) -> datetime | None:
        if self.kept and value == timezone.localtime(self.kept).strftime(_WRITTEN):
            return self.kept
        moment: datetime | None = super().to_python(value)
        return moment


class CorrectionForm(ReasonForm):
    energy_kwh = ForgivingDecimalField(label=_("Energy"), min_value=0, max_value=10_000, decimal_places=3)
    stopped_at = _LocalMoment(label=_("End, local time of the site"))
    previewed = forms.CharField(required=False, widget=forms.HiddenInput)
    field_order = ("energy_kwh", "stopped_at", "reason")

    @classmethod
    def about(cls, session: ChargingSession, kind: str, data: Any = None) -> "CorrectionForm":
        ended = session.stopped_at or session.last_reading_at or session.started_at
        kwh = session.energy / Decimal(1000)
        form = cls(data, auto_id=f"{kind}_%s", initial={"energy_kwh": kwh, "stopped_at": ended})
        form.fields["stopped_at"].kept = ended  # type: ignore[attr-defined]
        return form

    @property
    def given(self) -> dict[str, Any]:
        """For the service. Only of a valid form."""
        told = self.cleaned_data
        return {"energy_wh": told["energy_kwh"] * 1000, "stopped_at": told["stopped_at"], "reason": told["reason"]}

    @property
    def figures(self) -> str:
        """What a preview is of: it counts only for the same figures."""
        return f"{self.cleaned_data['energy_kwh'].normalize():f}/{self.cleaned_data['stopped_at'].isoformat()}"


@dataclass(frozen=True, slots=True)
class Decision:
    """`done` is said afterwards, `yes` on the button that does it."""

    kind: str
    right: str
    form: type[ReasonForm]
    label: Promise
    title: Promise
    yes: Promise
    done: Promise
    cls: str
    due: Callable[[ChargingSession], bool]

    def apply(self, session: ChargingSession, form: ReasonForm, by: User) -> ChargingSession:
        """Raises what the service raises."""
        given = form.given if isinstance(form, CorrectionForm) else {"reason": form.cleaned_data["reason"]}
        service: Callable[..., ChargingSession] = getattr(decisions, self.kind)
        return service(session=session, by=by, **given)


def _running(session: ChargingSession) -> bool:
    return session.stopped_at is None and not session.discarded


DECISIONS: Mapping[str, Decision] = {
    one.kind: one
    for one in (
        Decision("close", "session.close", ReasonForm, _("Close at the last reading"),
                 _("Close this charge in our books?"), _("Close it"), _("Closed at the last good reading."), "primary",
                 _running),
        Decision("accept", "session.correct", ReasonForm, _("Accept as it is"), _("Accept this charge as it is?"),
                 _("Accept it"), _("Accepted as it is."), "primary",
                 lambda session: bool(session.review) and not session.discarded),
        Decision("correct", "session.correct", CorrectionForm, _("Correct"), _("Correct this charge?"),
                 _("Correct it"), _("Corrected. What was said before is kept."), "primary",
                 lambda session: not session.discarded),
        Decision("discard", "session.correct", ReasonForm, _("Discard"), _("Was this no charge at all?"),
                 _("Discard it"), _("Discarded: it costs nothing."), "danger",
                 lambda session: not session.discarded),
    )
}  # fmt: skip


def open_to(user: User, session: ChargingSession) -> list[Decision]:
    return [one for one in DECISIONS.values() if one.due(session) and access.can(user, one.right, session)]
