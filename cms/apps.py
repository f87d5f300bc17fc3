from django.apps import AppConfig


class CmsConfig(AppConfig):
    name = "cms"
    verbose_name = "Colonnina"

    def ready(self) -> None:
        from cms import checks  # noqa: F401 (registers them)
        from cms.live import receivers
        from cms.portal import receivers as portal_receivers

        receivers.connect()
        portal_receivers.connect()
