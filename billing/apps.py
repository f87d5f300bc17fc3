from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class BillingConfig(AppConfig):
    name = "billing"
    verbose_name = _("billing")

    def ready(self) -> None:
        from billing import receivers
        from billing.exports import table
        from billing.selectors import close_checks, closing

        receivers.connect()
        table.register()
        closing.register(*close_checks.table())
