"""Mails. A mail is one template `<name>.txt`: its first line is the subject, the rest the text.

Where `<name>.html` exists it is the HTML part; otherwise the text itself is dressed (accounts.notifications.dress).
"""

import smtplib
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template import TemplateDoesNotExist
from django.template.loader import get_template, render_to_string
from django.utils import translation

from cms.core.errors import Unavailable

from . import dress


class Attachment(NamedTuple):
    name: str
    content: bytes
    media_type: str


def send(
    *, to: str, name: str, facts: Mapping[str, Any], language: str = "", attachments: Sequence[Attachment] = ()
) -> None:
    """Writes the mail in `language` and hands it over. Raises Unavailable where the mail server does not take it."""
    with translation.override(language or settings.LANGUAGE_CODE):
        mail = compose(to=to, name=name, facts=facts)
    for attachment in attachments:
        mail.attach(*attachment)
    deliver(mail)


def compose(*, to: str, name: str, facts: Mapping[str, Any]) -> EmailMultiAlternatives:
    """The mail in the language that is active now."""
    shared = {"site": settings.PUBLIC_URL, **facts}
    subject, _newline, body = render_to_string(f"{name}.txt", shared).strip().partition("\n")
    body = "\n\n".join(part.strip("\n") for part in body.split("\n\n") if part.strip())
    footer = render_to_string("emails/footer.txt", shared).strip()
    mail = EmailMultiAlternatives(subject.strip(), f"{body}\n\n-- \n{footer}\n", settings.DEFAULT_FROM_EMAIL, [to])
    mail.attach_alternative(_html(name, {**shared, "subject": subject, "footer": footer}, body), "text/html")
    return mail


def deliver(mail: EmailMultiAlternatives) -> None:
    try:
        mail.send()
    except (smtplib.SMTPException, OSError) as down:
        raise Unavailable("The mail could not be sent.", code="mail_down", to=mail.to) from down


def _html(name: str, facts: dict[str, Any], body: str) -> str:
    try:
        template = get_template(f"{name}.html")
    except TemplateDoesNotExist:
        template, facts = get_template("emails/letter.html"), facts | {"blocks": dress.blocks(body)}
    return template.render(facts)
