from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class SessionsConfig(AppConfig):
    name = "sessions_app"
    verbose_name = _("charging sessions")

    def ready(self) -> None:
        from sessions_app import receivers

        receivers.connect()
