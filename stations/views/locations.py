"""Places: create, edit, archive."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts import access
from accounts.doors import MemberRequest, members_only
from stations.models import ChargingStation, Location
from stations.views.forms import LocationForm


def _mine(request: MemberRequest, pk: int) -> Location:
    location = get_object_or_404(Location.objects.visible_to(request.user), pk=pk, archived_at=None)
    access.demand(request.user, "location.edit", location)
    return location


@members_only("location.edit")
def create(request: MemberRequest) -> HttpResponse:
    operator = request.operator
    start = {"time_zone": operator.time_zone, "country_code": operator.country_code, "public": True}
    form = LocationForm(request.POST if request.method == "POST" else None, initial=start)
    if request.method == "POST" and form.is_valid():
        form.instance.operator = operator
        location = form.save()
        messages.success(request, _("%(name)s is added.") % {"name": location.name})
        return redirect("dashboard:sites")
    return render(request, "operator/locations/form.html", {"form": form}, status=400 if form.errors else 200)


@members_only("station.view")
def edit(request: MemberRequest, pk: int) -> HttpResponse:
    location = _mine(request, pk)
    name = location.name
    form = LocationForm(request.POST if request.method == "POST" else None, instance=location)
    if request.method == "POST" and form.is_valid():
        form.save()
        messages.success(request, _("Saved."))
        return redirect("dashboard:sites")
    context = {"form": form, "location": location, "name": name}
    return render(request, "operator/locations/form.html", context, status=400 if form.errors else 200)


@require_POST
@members_only("station.view")
def archive(request: MemberRequest, pk: int) -> HttpResponse:
    """A place with stations stays: they would be nowhere."""
    location = _mine(request, pk)
    if ChargingStation.objects.current().filter(location=location).exists():
        messages.error(request, _("%(name)s still has stations: move them first.") % {"name": location.name})
        return redirect("stations:location", pk=location.pk)
    Location.objects.filter(pk=location.pk).update(archived_at=timezone.now())
    messages.success(request, _("%(name)s is archived.") % {"name": location.name})
    return redirect("dashboard:sites")
