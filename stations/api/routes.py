from rest_framework.routers import BaseRouter

from stations.api.commands import Commands
from stations.api.stations import Stations


def register(router: BaseRouter) -> None:
    router.register("stations", Stations, basename="station")
    router.register("commands", Commands, basename="command")
