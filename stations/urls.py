"""Pages about places and stations alone; the station's own page looks onto more rooms (cms.dashboard)."""

from django.urls import path

from stations.views import clocks, codes, evses, locations, provisioning, uploads

app_name = "stations"
urlpatterns = [
    path("ops/locations/new/", locations.create, name="new_location"),
    path("ops/locations/<int:pk>/", locations.edit, name="location"),
    path("ops/locations/<int:pk>/archive/", locations.archive, name="archive_location"),
    path("ops/stations/new/", provisioning.create, name="new"),
    path("ops/stations/unknown/", provisioning.strangers, name="unknown"),
    path("ops/stations/<str:key>/connect/", provisioning.connect, name="connect"),
    path("ops/stations/<str:key>/connect/arrival/", provisioning.arrival, name="arrival"),
    path("ops/stations/<str:key>/edit/", provisioning.edit, name="edit"),
    path("ops/stations/<str:key>/password/", provisioning.password, name="password"),
    path("ops/stations/<str:key>/code/", codes.set_up, name="code"),
    path("ops/stations/<str:key>/clock/", clocks.correct, name="clock"),
    path("ops/stations/<str:key>/archive/", provisioning.archive, name="archive"),
    path("ops/stations/<str:key>/evses/<int:evse_id>/", evses.edit, name="evse"),
    path("ops/stations/<str:key>/evses/<int:evse_id>/qr.svg", evses.qr, name="qr"),
    path("uploads/<uuid:token>/", uploads.receive, name="upload"),
    path("uploads/<uuid:token>/<path:name>", uploads.receive, name="upload_named"),
]
