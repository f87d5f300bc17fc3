from rest_framework.routers import BaseRouter

from sessions_app.api.sessions import Sessions


def register(router: BaseRouter) -> None:
    router.register("sessions", Sessions, basename="session")
