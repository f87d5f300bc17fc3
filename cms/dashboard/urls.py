"""The operator's site map, as far as it shows several rooms."""

from django.urls import path

from cms.dashboard.views import (
    commands,
    drivers,
    incidents,
    maintenance,
    more,
    overview,
    search,
    sessions,
    sites,
    station,
    stations,
)

app_name = "dashboard"
urlpatterns = [
    path("", overview.page, name="overview"),
    path("more/", more.page, name="more"),
    path("rail/", more.rail, name="rail"),
    path("search/", search.page, name="search"),
    path("map/", sites.map_page, name="map"),
    path("locations/", sites.page, name="sites"),
    path("incidents/", incidents.page, name="incidents"),
    path("incidents/<int:pk>/", incidents.incident, name="incident"),
    path("incidents/<int:pk>/acknowledge/", incidents.acknowledge, name="acknowledge"),
    path("incidents/<int:pk>/hand-over/", incidents.hand_over, name="hand_over"),
    path("incidents/<int:pk>/give-back/", incidents.give_back, name="give_back"),
    path("incidents/<int:pk>/note/", incidents.note, name="note_incident"),
    path("incidents/<int:pk>/close/", incidents.close, name="close_incident"),
    path("drivers/", drivers.page, name="drivers"),
    path("drivers/<int:pk>/", drivers.person, name="driver"),
    path("drivers/<int:pk>/blocked/", drivers.set_blocked, name="driver_blocked"),
    path("sessions/", sessions.page, name="sessions"),
    path("sessions/export/", sessions.export, name="export_sessions"),
    path("sessions/<int:pk>/", sessions.session, name="session"),
    path("sessions/<int:pk>/stop/", sessions.stop, name="stop_session"),
    path("sessions/<int:pk>/close/", sessions.close, name="close_session"),
    path("sessions/<int:pk>/receipt/", sessions.receipt, name="session_receipt"),
    path("stations/", stations.page, name="stations"),
    path("stations/<str:key>/", station.page, name="station"),
    path("stations/<str:key>/raw/", commands.raw, name="raw"),
    path("stations/<str:key>/ask/<slug:kind>/", commands.ask, name="ask"),
    path("stations/<str:key>/logs/", maintenance.fetch_log, name="fetch_log"),
    path("stations/<str:key>/logs/<int:pk>/", maintenance.download_log, name="download_log"),
    path("stations/<str:key>/firmware/", maintenance.update_firmware, name="update_firmware"),
]
