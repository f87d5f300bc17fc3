from rest_framework.routers import BaseRouter

from accounts.api.tokens import Tokens


def register(router: BaseRouter) -> None:
    router.register("tokens", Tokens, basename="token")
