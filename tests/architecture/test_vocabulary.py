"""Every word has somebody who understands it: a handler per event, an encoder or a refusal per command and version."""

import dataclasses

import pytest

from cms.wiring import csms
from stations import catalogue
from stations.ocpp.versions import VERSIONS
from stations.vocabulary import commands, events

ABSTRACT = {events.StationEvent, events.TransactionEvent}
PARTS = {events.VariableValue, events.MonitorEvent}  # of other events


def words() -> list[type]:
    mine = [kind for kind in vars(events).values() if isinstance(kind, type) and kind.__module__ == events.__name__]
    return [kind for kind in mine if dataclasses.is_dataclass(kind) and kind not in ABSTRACT | PARTS]


def test_every_event_has_exactly_one_handler():
    assert set(csms.handlers) == set(words())


def test_the_door_comes_first_and_the_journal_after_the_room():
    order = list(csms.handlers)
    assert order.index(events.StationKnocked) < order.index(events.StationBooted) < order.index(events.FramesSeen)
    assert order.index(events.CommandSettled) < order.index(events.StatusReported) < order.index(events.OutboxOpened)


@pytest.mark.parametrize("subprotocol", list(VERSIONS))
def test_every_command_is_encoded_or_refused(subprotocol):
    assert set(VERSIONS[subprotocol].encoders) == set(commands.COMMANDS)


@pytest.mark.parametrize("subprotocol", list(VERSIONS))
def test_the_catalogue_knows_every_version_that_the_edge_speaks(subprotocol):
    assert catalogue.supports(subprotocol.removeprefix("ocpp"), commands.Reset)


def test_what_the_catalogue_denies_the_encoder_refuses():
    command = commands.GetBaseReport(1)
    assert not catalogue.supports("1.6", type(command))
    with pytest.raises(commands.CommandNotSupported):
        VERSIONS["ocpp1.6"].encoders[type(command)](command)
