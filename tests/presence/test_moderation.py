"""Order in the room: who may mute, kick and lock, what comes of it, and what is written down."""

from __future__ import annotations

import pytest

from presence.state import Audit
from protocol.errors import Close, Refusal, Refused
from protocol.schema import Action, Done, Error, Joined, Moderate, RoomState, Roster
from tests.rooms import Stage, Visitor, world, zone


class Meeting:
    """A chair, a member, and a guest who has nothing to say."""

    def __init__(self, role: str = "moderator") -> None:
        self.stage = Stage(
            world(clearances=["vault"], zones=[zone("vault", (20, 0, 20), (22, 3, 22), clearance=["vault"])])
        )
        self.chair = self.stage.enter("chair", roles=[role])
        self.member = self.stage.enter("member")
        self.third = self.stage.enter("third")
        self.stage.tick()

    def act(self, who: Visitor, action: Action, target: Visitor | None = None, reason: str = "") -> list[Audit]:
        """Let somebody act; return what was written down."""
        self.stage.send(who, Moderate, action, target.entity if target else 0, reason)
        self.report = self.stage.tick()
        return self.report.audits


@pytest.mark.parametrize("role", ["moderator", "operator"])
def test_moderators_and_operators_may_moderate(role: str) -> None:
    """An operator may do all that a moderator may."""
    meeting = Meeting(role)
    assert len(meeting.act(meeting.chair, Action.LOCK)) == 1


@pytest.mark.parametrize("role", ["instructor", "moderators", "guest"])
@pytest.mark.parametrize("action", list(Action))
def test_nobody_else_may(role: str, action: Action) -> None:
    """Refused, nothing happens, and nothing is written down."""
    meeting = Meeting(role)
    assert meeting.act(meeting.chair, action, meeting.member) == []
    assert meeting.chair.only(Error).code == Refusal.NOT_ALLOWED
    assert meeting.report.faults == []
    assert not meeting.third.all(RoomState)
    assert not meeting.third.all(Roster)


def test_muting_shows_in_the_roster_and_is_undone() -> None:
    """Everybody is told who may not speak."""
    meeting = Meeting()
    meeting.act(meeting.chair, Action.MUTE, meeting.member)
    assert meeting.third.roster["member"].muted
    meeting.act(meeting.chair, Action.UNMUTE, meeting.member)
    assert not meeting.third.roster["member"].muted


def test_a_block_hides_nobody_from_a_moderator() -> None:
    """Who blocks the chair still sees the chair, and can still be muted."""
    meeting = Meeting()
    meeting.stage.block(meeting.member, meeting.chair)
    meeting.act(meeting.chair, Action.MUTE, meeting.member)
    assert meeting.member.roster["member"].muted
    assert "chair" in meeting.member.roster


@pytest.mark.parametrize(("reason", "told"), [("rude", "rude"), ("", "removed by a moderator")])
def test_a_kick_is_left_to_who_owns_the_session(reason: str, told: str) -> None:
    """The report names the member with a code and a reason; the room itself closes nobody."""
    meeting = Meeting()
    meeting.act(meeting.chair, Action.KICK, meeting.member, reason)
    ((member, error),) = meeting.report.faults
    assert member is meeting.member
    assert (error.code, error.reason) == (Close.KICKED, told)


def test_a_locked_room_lets_in_moderators_only() -> None:
    """Everybody inside is told; who comes is refused or told that it is locked; unlocking undoes it."""
    meeting = Meeting()
    meeting.act(meeting.chair, Action.LOCK)
    assert [visitor.only(RoomState).locked for visitor in meeting.stage.visitors] == [True] * 3
    with pytest.raises(Refused) as refused:
        meeting.stage.enter("late")
    assert refused.value.code is Refusal.ROOM_LOCKED
    assert len(meeting.stage.room) == 3
    helper = meeting.stage.enter("helper", roles=["moderator"])
    meeting.stage.tick()
    assert helper.only(Joined).locked
    meeting.act(helper, Action.UNLOCK)
    assert not meeting.third.only(RoomState).locked
    meeting.stage.enter("late")


def test_every_act_is_written_down() -> None:
    """Who did what to whom, where, and why: user ids, since names may change."""
    meeting = Meeting()
    chair, member = meeting.chair, meeting.member
    assert meeting.act(chair, Action.MUTE, member, "shouts") == [Audit("chair", "mute", "member", "stage", "shouts")]
    assert meeting.act(chair, Action.UNMUTE, member) == [Audit("chair", "unmute", "member", "stage", "")]
    assert meeting.act(chair, Action.KICK, member, "rude") == [Audit("chair", "kick", "member", "stage", "rude")]
    assert meeting.act(chair, Action.LOCK, reason="begins") == [Audit("chair", "lock", "stage", "stage", "begins")]
    assert meeting.act(chair, Action.UNLOCK) == [Audit("chair", "unlock", "stage", "stage", "")]


def test_an_act_is_answered() -> None:
    """With its own ref."""
    meeting = Meeting()
    ref = meeting.stage.send(meeting.chair, Moderate, Action.MUTE, meeting.member.entity, "")
    meeting.stage.tick()
    assert meeting.chair.only(Done).ref == ref


def test_a_moderator_acts_on_people_it_may_see() -> None:
    """Nobody, and somebody in a zone the moderator is not cleared for: both are unknown."""
    meeting = Meeting()
    hidden = meeting.stage.enter("hidden", (21, 0, 21), grants=["vault"])
    meeting.stage.tick()
    for target in (None, hidden):
        assert meeting.act(meeting.chair, Action.KICK, target) == []
        assert meeting.chair.only(Error).code == Refusal.UNKNOWN_ENTITY
