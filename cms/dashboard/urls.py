"""The operator's site map, as far as it shows several rooms."""

from django.urls import path

from cms.dashboard.views import commands, incidents, maintenance, more, overview, search, sites, station, stations

app_name = "dashboard"
urlpatterns = [
    path("", overview.page, name="overview"),
    path("more/", more.page, name="more"),
    path("search/", search.page, name="search"),
    path("map/", sites.map_page, name="map"),
    path("locations/", sites.page, name="sites"),
    path("incidents/", incidents.page, name="incidents"),
    path("incidents/<int:pk>/acknowledge/", incidents.acknowledge, name="acknowledge"),
    path("stations/", stations.page, name="stations"),
    path("stations/<str:key>/", station.page, name="station"),
    path("stations/<str:key>/raw/", commands.raw, name="raw"),
    path("stations/<str:key>/ask/<slug:kind>/", commands.ask, name="ask"),
    path("stations/<str:key>/logs/", maintenance.fetch_log, name="fetch_log"),
    path("stations/<str:key>/logs/<int:pk>/", maintenance.download_log, name="download_log"),
    path("stations/<str:key>/firmware/", maintenance.update_firmware, name="update_firmware"),
]
