"""What every template leans on: states, ages, fields, live blocks, the map's one other host."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django import forms
from django.template import Context, Template
from django.test import RequestFactory
from django.utils import translation

from cms import maps
from cms.templatetags import ui

NOW = datetime(2025, 11, 3, 13, 32, tzinfo=UTC)


@pytest.fixture(autouse=True)
def english():
    with translation.override("en"), time_machine.travel(NOW, tick=False):
        yield


def drawn(text: str, **context: object) -> str:
    return Template("{% load ui %}" + text).render(Context(context))


@pytest.mark.parametrize(
    ("status", "online", "charging", "state"),
    [
        ("Available", True, False, "available"),
        ("Charging", True, False, "charging"),
        ("SuspendedEV", True, False, "occupied"),
        ("Occupied", True, False, "occupied"),
        ("Occupied", True, True, "charging"),
        ("Faulted", True, False, "faulted"),
        ("Available", False, False, "offline"),
        ("Charging", False, True, "offline"),
        ("", True, False, "offline"),
        ("Invented", True, False, "offline"),
    ],
)
def test_a_protocol_status_becomes_one_of_seven_states(status, online, charging, state):
    assert ui.state_token(status, online, charging) == state


def test_a_state_has_colour_shape_and_word():
    chip = drawn('{% chip "charging" %}')
    assert 'class="chip  charging"' in chip
    assert 'href="#charging"' in chip
    assert "Charging" in chip


@pytest.mark.parametrize(
    ("seconds", "words", "late"),
    [(3, "<b>3 s</b> ago", False), (90, "<b>1 min</b> ago", False), (7200, "<b>2 h</b> ago", True)],
)
def test_an_age_turns_red_past_its_interval(seconds, words, late):
    shown = drawn("{% age at max=600 %}", at=NOW - timedelta(seconds=seconds))
    assert words in shown
    assert (" late" in shown) == late
    assert f'data-age="{seconds}"' in shown


def test_after_a_day_the_time_itself_is_shown():
    assert "2 Nov 2025, 13:32" in drawn("{% age at %}", at=NOW - timedelta(days=1, hours=1, minutes=0))


def test_what_never_happened_has_no_age():
    assert "never" in drawn("{% age at %}", at=None)


def test_a_wrong_field_names_its_mistake():
    class Form(forms.Form):
        name = forms.CharField(help_text="For people.")

    form = Form({"name": ""})
    shown = drawn("{% field form.name %}", form=form)
    assert 'aria-invalid="true"' in shown
    assert 'aria-describedby="id_name_hint id_name_error"' in shown
    assert '<p class="error" id="id_name_error">' in shown


def test_a_live_block_says_its_topics_and_its_address():
    request = RequestFactory().get("/ops/?a=1&b=<")
    shown = drawn('<p {% live "now" "station:1" "messages:1" %}>', request=request)
    assert 'data-live="station:1 messages:1"' in shown
    assert 'hx-get="/ops/?a=1&amp;b=%3C"' in shown


def test_every_icon_is_on_the_page_once():
    sprite = ui.sprite()
    for name in (*ui.STATES, "logo", "search", "hatch", "plug-type2"):
        assert sprite.count(f'id="{name}"') == 1


@pytest.mark.parametrize(
    ("address", "source"),
    [
        ("https://tile.openstreetmap.org/{z}/{x}/{y}.png", "https://tile.openstreetmap.org"),
        ("https://{s}.tiles.example:8443/{z}/{x}/{y}.png", "https://*.tiles.example:8443"),
    ],
)
def test_the_tiles_host_is_the_only_other_one(settings, address, source):
    settings.TILE_URL = address
    assert maps.tile_source() == source


def test_pages_without_a_room(client):
    assert "Sei senza rete." in client.get("/offline/").content.decode()
    worker = client.get("/sw.js")
    assert worker["Content-Type"] == "text/javascript"
    assert b'PAGE = "/offline/"' in worker.content


@pytest.mark.parametrize(
    ("language", "words"), [("it", "Questa pagina non esiste."), ("en", "This page does not exist.")]
)
def test_a_lost_page_is_said_in_the_readers_language(client, language, words):
    lost = client.get("/nowhere/", headers={"Accept-Language": language})
    assert lost.status_code == 404
    assert words in lost.content.decode()
    assert f'<html lang="{language}">' in lost.content.decode()
