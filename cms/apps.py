from django.apps import AppConfig


class CmsConfig(AppConfig):
    name = "cms"
    verbose_name = "Colonnina"

    def ready(self) -> None:
        from billing.exports import kinds
        from cms import checks  # noqa: F401 (registers them)
        from cms.dashboard import exports, station_exports
        from cms.live import receivers
        from cms.portal import receivers as portal_receivers
        from cms.reports import exports as report_exports

        receivers.connect()
        kinds.register(exports.KIND, station_exports.KIND, *report_exports.kinds())
        portal_receivers.connect()
