"""Passwords do not leave the house with the frames that carried them (security.md, Keys)."""

import pytest
from django.contrib import admin
from django.core.management import call_command
from django.test import RequestFactory
from hypothesis import given
from hypothesis import strategies as st

from stations.admin import CommandAdmin, FrameAdmin
from stations.models import Command, Frame
from stations.selectors.masking import masked


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ('{"key":"HeartbeatInterval", "value":"60"}', '{"key":"HeartbeatInterval", "value":"60"}'),
        ('{"key":"AuthorizationKey","value":"AB12"}', '{"key":"AuthorizationKey","value":"•••"}'),
        ('{"value":"AB12","key":"authorizationkey"}', '{"value":"•••","key":"authorizationkey"}'),
        (
            '[2,"1","ChangeConfiguration",{"key":"AuthorizationKey","value":"AB12"}]',
            '[2,"1","ChangeConfiguration",{"key":"AuthorizationKey","value":"•••"}]',
        ),
        (
            '{"setVariableData":[{"component":{"name":"SecurityCtrlr"},"variable":{"name":"BasicAuthPassword"},"attributeValue":"x"}]}',
            '{"setVariableData":[{"component":{"name":"SecurityCtrlr"},"variable":{"name":"BasicAuthPassword"},"attributeValue":"•••"}]}',
        ),
        ('{"location":"ftp://user:pa55@host/logs"}', '{"location":"ftp://user:•••@host/logs"}'),
        ('{"location":"https://host/a@b"}', '{"location":"https://host/a@b"}'),
        ('{"key":"AuthorizationKey","value":', "•••"),
    ],
)
def test_only_the_secret_is_hidden(text, shown):
    assert masked(text) == shown


@given(st.text())
def test_anything_else_is_left_as_it_is(text):
    if not any(word in text.lower() for word in ("authorizationkey", "basicauthpassword", "://")):
        assert masked(text) == text


def test_the_admin_shows_masked_texts_and_edits_nothing(station, rf: RequestFactory, admin_user):
    secret = '{"key":"AuthorizationKey","value":"AB12"}'
    request = rf.get("/")
    request.user = admin_user
    frames, commands = FrameAdmin(Frame, admin.site), CommandAdmin(Command, admin.site)
    assert "AB12" not in frames.shown_raw(Frame(raw=secret)) + frames.shown_answer(Frame(answer=secret))
    assert "AB12" not in commands.shown_payload(Command(payload=secret)) + commands.shown_response(
        Command(response=secret)
    )
    for page in (frames, commands):
        assert not page.has_add_permission(request)
        assert not page.has_change_permission(request)
        assert not page.has_delete_permission(request)
        assert not {"raw", "payload", "response"} & set(page.get_fields(request))


def test_the_admin_is_sound():
    call_command("check", "stations")
