"""The operator's site map, as far as it shows several rooms."""

from django.urls import path

from cms.dashboard.views import drivers, stations

app_name = "dashboard"
urlpatterns = [
    path("stations/", stations.page, name="stations"),
    path("drivers/", drivers.page, name="drivers"),
    path("drivers/<int:pk>/", drivers.person, name="driver"),
    path("drivers/<int:pk>/blocked/", drivers.set_blocked, name="driver_blocked"),
]
