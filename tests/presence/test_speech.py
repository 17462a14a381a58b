"""What people say and show, and exactly who hears and sees it."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from protocol.errors import Refusal
from protocol.schema import (
    Action,
    Channel,
    Chat,
    Done,
    Emote,
    Error,
    Gesture,
    Gestured,
    Gone,
    Moderate,
    Roster,
    Said,
    SetStatus,
    Status,
    Teleport,
)
from tests.rooms import Metres, Stage, Visitor, world, zone

PLACE = world(
    clearances=["vault"],
    zones=[
        zone("booth", (10, 0, 10), (12, 3, 12), speech_private=True),
        zone("vault", (20, 0, 20), (22, 3, 22), clearance=["vault"]),
        zone("cell", (30, 0, 30), (32, 3, 32), isolated=True),
    ],
    props={"kinds": [{"kind": "bag", "grabbable": True}]},
)
BOOTH: Metres = (11, 0, 11)
VAULT: Metres = (21, 0, 21)
CELL: Metres = (31, 0, 31)


@dataclass(frozen=True)
class Company:
    """A room with somebody who speaks and others who may hear."""

    stage: Stage
    speaker: Visitor
    others: list[Visitor]

    def say(self, channel: Channel, target: int = 0, text: str = "hello") -> set[str]:
        """Let the speaker say something; return who heard it, which everybody must hear alike."""
        self.stage.send(self.speaker, Chat, channel, target, text)
        self.stage.tick()
        said = {visitor.user: visitor.only(Said) for visitor in (self.speaker, *self.others) if visitor.all(Said)}
        assert all((s.entity, s.channel, s.text) == (self.speaker.entity, channel, text) for s in said.values())
        return set(said)

    def error(self) -> Refusal:
        """Return why the speaker was refused."""
        return Refusal(self.speaker.only(Error).code)


def company(at: Metres, **others: Metres) -> Company:
    """Put a speaker somewhere and listeners elsewhere; who is in the vault is cleared for it."""
    stage = Stage(PLACE)
    speaker, *rest = (
        stage.enter(user, place, grants=["vault"] if place == VAULT else [])
        for user, place in {"speaker": at, **others}.items()
    )
    stage.tick()
    return Company(stage, speaker, rest)


# --- the room ---------------------------------------------------------------------------------------------------------


def test_the_room_hears_at_any_distance() -> None:
    """Speech to the room is not bound to the interest radius nor to isolation, and one hears oneself."""
    here = company((0, 0, 0), near=(1, 0, 0), far=(500, 0, 0), isolated=CELL)
    assert here.say(Channel.ROOM) == {"speaker", "near", "far", "isolated"}


def test_speech_stays_out_of_a_private_zone() -> None:
    """Those in the booth do not hear the hall."""
    assert company((0, 0, 0), near=(1, 0, 0), inside=BOOTH).say(Channel.ROOM) == {"speaker", "near"}


def test_speech_stays_in_a_private_zone() -> None:
    """The hall does not hear the booth."""
    assert company(BOOTH, outside=(9, 0, 9), inside=(12, 0, 12)).say(Channel.ROOM) == {"speaker", "inside"}


def test_the_uncleared_do_not_hear_who_is_inside() -> None:
    """Where one may not know who is there, one does not hear them either; inside one hears out."""
    assert company(VAULT, outside=(0, 0, 0), inside=VAULT).say(Channel.ROOM) == {"speaker", "inside"}
    assert company((0, 0, 0), inside=VAULT).say(Channel.ROOM) == {"speaker", "inside"}


def test_a_block_silences_both_ways() -> None:
    """Neither hears the other from the same tick on; third persons hear both."""
    here = company((0, 0, 0), blocked=(1, 0, 0), third=(2, 0, 0))
    here.stage.block(here.others[0], here.speaker)
    assert here.say(Channel.ROOM) == {"speaker", "third"}


def test_speech_follows_the_step_into_a_cleared_zone_at_once() -> None:
    """What is said in the tick in which the speaker entered is heard by the cleared only."""
    stage = Stage(PLACE)
    speaker = stage.enter("speaker", (19, 0, 20), grants=["vault"])
    here = Company(stage, speaker, [stage.enter("outside", (18, 0, 20))])
    stage.tick()
    stage.walk(speaker, (20, 0, 20))
    assert here.say(Channel.ROOM) == {"speaker"}


def test_who_hears_somebody_new_was_told_who_it_is() -> None:
    """A newcomer, and one just come into sight: the roster comes before the words, which a visitor insists on."""
    stage = Stage(PLACE)
    ann, bob = stage.enter("ann"), stage.enter("bob", (20, 0, 20), grants=["vault"])
    stage.tick()
    cid = stage.enter("cid")
    stage.walk(bob, (19, 0, 20))
    for visitor in (ann, bob, cid):
        stage.send(visitor, Chat, Channel.ROOM, 0, "hello")
        stage.send(visitor, Gesture, Emote.WAVE)
    stage.tick()
    for visitor in (ann, bob, cid):
        assert {said.entity for said in visitor.all(Said)} == {ann.entity, bob.entity, cid.entity}
        assert {shown.entity for shown in visitor.all(Gestured)} == {ann.entity, bob.entity, cid.entity}


def test_last_words_reach_those_who_knew_the_speaker() -> None:
    """Who speaks and jumps out of sight in one tick is heard first and gone then; a newcomer never knew of them."""
    stage = Stage(PLACE)
    speaker, outside = stage.enter("speaker", (19, 0, 20), grants=["vault"]), stage.enter("outside")
    stage.tick()
    newcomer = stage.enter("newcomer")
    stage.send(speaker, Chat, Channel.ROOM, 0, "bye")
    stage.send(speaker, Teleport, 1, 21000, 0, 21000, 0)
    stage.tick()
    assert [type(message) for message in outside.heard if not isinstance(message, Roster)][:2] == [Said, Gone]
    assert newcomer.all(Said) == []


# --- nearby -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("place", "is_heard"), [((8, 0, 0), True), ((8.001, 0, 0), False), ((0, 8.001, 0), False)])
def test_nearby_ends_exactly_at_eight_metres(place: Metres, is_heard: bool) -> None:
    """In all directions, to the millimetre."""
    assert ("listener" in company((0, 0, 0), listener=place).say(Channel.NEARBY)) is is_heard


def test_nearby_keeps_to_the_rules_of_the_room() -> None:
    """Being near does not help those who may not see or hear the speaker."""
    here = company((9.5, 0, 9.5), booth=(10, 0, 10), blocked=(9, 0, 9))
    here.stage.block(here.speaker, here.others[1])
    assert here.say(Channel.NEARBY) == {"speaker"}


# --- direct -----------------------------------------------------------------------------------------------------------


def test_a_direct_message_reaches_its_target_alone() -> None:
    """At any distance and into private zones; the sender gets a copy."""
    here = company((0, 0, 0), target=BOOTH, other=(1, 0, 0))
    assert here.say(Channel.DIRECT, here.others[0].entity) == {"speaker", "target"}


def test_a_note_to_oneself_comes_once() -> None:
    """The sender and the target are one."""
    here = company((0, 0, 0))
    assert here.say(Channel.DIRECT, here.speaker.entity) == {"speaker"}


def test_a_direct_message_finds_only_people_one_may_see() -> None:
    """Nobody, somebody hidden, somebody blocked and an object: all are unknown, and nobody hears."""
    here = company((0, 0, 0), hidden=VAULT, blocked=(1, 0, 0))
    here.stage.block(here.others[1], here.speaker)
    for target in (0, 999, here.others[0].entity, here.others[1].entity):
        assert here.say(Channel.DIRECT, target) == set()
        assert here.error() is Refusal.UNKNOWN_ENTITY


def test_a_direct_message_does_not_give_away_its_sender() -> None:
    """Out of a cleared zone one cannot write to those who may not know that one is there."""
    here = company(VAULT, outside=(0, 0, 0))
    assert here.say(Channel.DIRECT, here.others[0].entity) == set()
    assert here.error() is Refusal.UNKNOWN_ENTITY


# --- muted, emotes, status --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("channel", list(Channel))
def test_the_muted_are_not_heard_on_any_channel(channel: Channel) -> None:
    """They are told why, and may speak again once unmuted."""
    here = company((0, 0, 0), listener=(1, 0, 0))
    chair = here.stage.enter("chair", roles=["moderator"])
    target = here.others[0].entity if channel is Channel.DIRECT else 0
    here.stage.send(chair, Moderate, Action.MUTE, here.speaker.entity, "")
    assert here.say(channel, target) == set()
    assert here.error() is Refusal.MUTED
    here.stage.send(chair, Moderate, Action.UNMUTE, here.speaker.entity, "")
    assert here.say(channel, target) >= {"speaker", "listener"}


def test_an_emote_is_shown_to_those_who_may_see() -> None:
    """Also into a private zone; not to the blocked."""
    here = company((0, 0, 0), booth=BOOTH, blocked=(1, 0, 0))
    here.stage.block(here.speaker, here.others[1])
    here.stage.send(here.speaker, Gesture, Emote.APPLAUD)
    here.stage.tick()
    shown = {visitor.user for visitor in (here.speaker, *here.others) if visitor.all(Gestured)}
    assert shown == {"speaker", "booth"}
    assert here.others[0].only(Gestured).emote == Emote.APPLAUD


def test_a_status_is_told_by_the_roster() -> None:
    """Everybody who knows the person gets the new entry, the person too."""
    here = company((0, 0, 0), other=(1, 0, 0))
    here.stage.send(here.speaker, SetStatus, Status.BUSY)
    here.stage.tick()
    for visitor in (here.speaker, here.others[0]):
        assert visitor.roster["speaker"].status == Status.BUSY


def test_each_command_is_answered_with_its_ref() -> None:
    """Chat, emote and status: one `done` each, in order."""
    here = company((0, 0, 0))
    refs = [
        here.stage.send(here.speaker, Chat, Channel.ROOM, 0, "hello"),
        here.stage.send(here.speaker, Gesture, Emote.NOD),
        here.stage.send(here.speaker, SetStatus, Status.AWAY),
    ]
    here.stage.tick()
    assert [done.ref for done in here.speaker.all(Done)] == refs


def test_words_carry_the_room_time_of_their_tick() -> None:
    """So that clients can order and date them."""
    here = company((0, 0, 0))
    here.stage.tick(19)
    here.say(Channel.ROOM)
    assert here.speaker.only(Said).time_ms == pytest.approx(1050, abs=1)
