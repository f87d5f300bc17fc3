"""How mails are made."""

import pytest
from django.core import mail
from hypothesis import given
from hypothesis import strategies as st

from accounts.notifications import dress, email, send
from accounts.notifications.dress import Block
from tests.factories import UserFactory

FACTS = {"operator": "Rete <Adriatica>", "role": "support", "by": "Olga", "link": "https://x.example/i/1?a=1&b=2"}


def test_a_letter_becomes_paragraphs_buttons_and_codes() -> None:
    body = "Type it here:\n\n    ABCD-EFGH\n\nOpen: https://x.example/a\n\nTwo\nlines.\n"
    assert dress.blocks(body) == [
        Block("paragraph", "Type it here:"),
        Block("code", "ABCD-EFGH"),
        Block("button", "Open", "https://x.example/a"),
        Block("paragraph", "Two\nlines."),
    ]


@given(st.text())
def test_any_text_can_be_dressed_and_none_of_its_words_is_lost(body: str) -> None:
    dressed = " ".join(f"{block.text}: {block.url}" for block in dress.blocks(body))
    assert set(body.replace(":", " ").split()) <= set(dressed.replace(":", " ").split())


@pytest.mark.parametrize(("language", "sign_off"), [("en", "charging for electric cars"), ("it", "Colonnina")])
def test_a_mail_follows_the_language_and_escapes_what_people_typed(language: str, sign_off: str) -> None:
    email.send(to="nina@rete.example", name="accounts/email/invitation", facts=FACTS, language=language)
    message = mail.outbox[0]
    html = message.alternatives[0][0]
    assert sign_off in message.body
    assert "Rete <Adriatica>" in message.subject
    assert "Rete &lt;Adriatica&gt;" in html
    assert 'href="https://x.example/i/1?a=1&amp;b=2"' in html
    assert f'<html lang="{language}">' in html


def test_a_subject_is_one_line(db: None) -> None:
    message = email.compose(
        to="nina@rete.example", name="accounts/email/invitation", facts=FACTS | {"operator": "A\nBcc: evil@x.example"}
    )
    assert "\n" not in message.subject
    assert message.message()["Bcc"] is None


def test_the_profile_chooses_the_language_before_the_fallback(db: None) -> None:
    send.to_user(user=UserFactory(language="it"), name="accounts/email/invitation", facts=FACTS, language="en")
    send.to_user(user=UserFactory(language=""), name="accounts/email/invitation", facts=FACTS, language="en")
    assert ['lang="it"' in m.alternatives[0][0] for m in mail.outbox] == [True, False]


def test_an_attachment_travels(db: None) -> None:
    file = email.Attachment("receipt.pdf", b"%PDF-", "application/pdf")
    email.send(to="a@x.example", name="accounts/email/invitation", facts=FACTS, attachments=[file])
    assert mail.outbox[0].attachments == [("receipt.pdf", b"%PDF-", "application/pdf")]
