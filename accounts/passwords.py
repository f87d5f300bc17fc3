"""What a password must be. Django's own rule, with a sentence that is translated."""

from django.contrib.auth.password_validation import MinimumLengthValidator
from django.utils.translation import gettext as _


class LongEnough(MinimumLengthValidator):
    def get_error_message(self) -> str:
        return _("Too short: at least %(n)s characters.") % {"n": self.min_length}
