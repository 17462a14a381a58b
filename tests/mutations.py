"""Rules that matter, each with one way to break it and the test that must notice.

`test_mutations.py` applies them to a copy of the sources. A mutation's `before` occurs exactly once in its file; when
the code changes, so does its line here.
"""

from __future__ import annotations

from typing import NamedTuple


class Mutation(NamedTuple):
    """One way to break a rule."""

    breaks: str  # in words: what would be true of the broken code
    file: str
    before: str
    after: str
    killed_by: str  # a test, as pytest names it, below tests/


INTEREST = (
    Mutation(
        "a subject at the radius is outside",
        "presence/kernels.py",
        "given[observer, subject], squared <= radius2",
        "given[observer, subject], squared < radius2",
        "presence/test_interest.py::test_a_subject_enters_exactly_at_the_radius",
    ),
    Mutation(
        "height does not count",
        "presence/kernels.py",
        "dx * dx + dy * dy + dz * dz",
        "dx * dx + dz * dz",
        "presence/test_interest.py::test_a_subject_enters_exactly_at_the_radius",
    ),
    Mutation(
        "one observes oneself",
        "presence/kernels.py",
        " or subject == observer:",
        ":",
        "presence/test_interest.py::test_nobody_observes_themselves",
    ),
    Mutation(
        "the dead are seen",
        "presence/interest.py",
        "observers, entities.alive(), radius_mm)",
        "observers, np.flatnonzero(entities.id), radius_mm)",
        "presence/test_interest.py::test_only_the_living_are_seen_and_only_the_asked_see",
    ),
    Mutation(
        "the grid looks one row of cells too short",
        "presence/interest.py",
        "np.arange(-_SPAN, _SPAN + 1) * width",
        "np.arange(-_SPAN, _SPAN) * width",
        "presence/test_interest.py::test_wherever_the_cells_lie_all_directions_are_looked_at",
    ),
    Mutation(
        "the grid has no margins",
        "presence/interest.py",
        "+ 1 + 2 * _SPAN  #",
        "+ 1  #",
        "presence/test_interest.py::test_the_grid_finds_what_looking_at_every_pair_finds",
    ),
    Mutation(
        "isolation lets look in",
        "presence/interest.py",
        "take(pairs.observers) == entities.isolation",
        "take(pairs.observers) <= entities.isolation",
        "presence/test_interest.py::test_isolation_cuts_sight_both_ways",
    ),
    Mutation(
        "pairs are not told whether they are held",
        "presence/kernels.py",
        "held[n], within[n], apart[n] = observer, subject, is_held,",
        "held[n], within[n], apart[n] = observer, subject, True,",
        "presence/test_budget.py::test_newcomers_to_a_crowd_see_the_nearest_first",
    ),
)

HYSTERESIS = (
    Mutation(
        "the leaving radius is a little small",
        "presence/interest.py",
        "_LEAVE_NUMERATOR = 529",
        "_LEAVE_NUMERATOR = 528",
        "presence/test_interest.py::test_a_held_subject_leaves_exactly_beyond_the_leaving_radius",
    ),
    Mutation(
        "a subject at the leaving radius leaves",
        "presence/kernels.py",
        "if squared > leaving2",
        "if squared >= leaving2",
        "presence/test_interest.py::test_a_held_subject_leaves_exactly_beyond_the_leaving_radius",
    ),
    Mutation(
        "there is no hysteresis",
        "presence/kernels.py",
        "if is_held or is_within:",
        "if is_within:",
        "presence/test_interest.py::test_a_held_subject_leaves_exactly_beyond_the_leaving_radius",
    ),
    Mutation(
        "a subject enters at the leaving radius",
        "presence/kernels.py",
        "if is_held or is_within:",
        "if True:",
        "presence/test_interest.py::test_a_subject_enters_exactly_at_the_radius",
    ),
    Mutation(
        "being held by the other keeps one in view",
        "presence/kernels.py",
        "is_held, is_within = given[observer, subject]",
        "is_held, is_within = given[subject, observer]",
        "presence/test_interest.py::test_hysteresis_is_each_observers_own",
    ),
)

CROWD = (
    Mutation(
        "everybody looks around at the same tick",
        "presence/views.py",
        "(ids.astype(np.int64) + tick) % every == 0",
        "(0 * ids.astype(np.int64) + tick) % every == 0",
        "presence/test_views.py::test_everybody_looks_once_in_a_while_and_not_all_at_once",
    ),
    Mutation(
        "what is due does not change from tick to tick",
        "presence/kernels.py",
        "            due[at[ahead]] = k\n",
        "            due[at[0]] = k\n",
        "presence/test_views.py::test_a_slow_subject_is_due_in_step_with_its_id",
    ),
    Mutation(
        "slow records are not staggered",
        "presence/views.py",
        "len(Detail), entities.id, tick, self._every)",
        "len(Detail), entities.id * np.uint16(0), tick, self._every)",
        "presence/test_views.py::test_a_slow_subject_is_due_in_step_with_its_id",
    ),
    Mutation(
        "records of slow classes are made at other ticks than they are due",
        "presence/views.py",
        "steps & ((1 << rate) - 1) == 0",
        "steps & (1 << rate) == 0",
        "presence/test_views.py::test_records_are_made_when_they_are_due",
    ),
    Mutation(
        "a ring ends a millimetre early",
        "presence/interest.py",
        "np.searchsorted(bounds, apart) if",
        'np.searchsorted(bounds, apart, side="right") if',
        "presence/test_rings.py::test_the_further_the_rarer",
    ),
    Mutation(
        "far away hands are told",
        "presence/snapshot.py",
        "(bodies == Body.TRACKED) & (told.detail == Detail.FULL)",
        "(bodies == Body.TRACKED) & (told.detail >= 0)",
        "presence/test_rings.py::test_far_away_hands_are_left_out",
    ),
    Mutation(
        "detail changes only with the pose",
        "presence/snapshot.py",
        "poses[:, None] | (np.arange(len(Detail), dtype=np.uint16) << 1)[:, None]",
        "poses[:, None] | np.full((len(Detail), 1), 2, np.uint16)",
        "presence/test_rings.py::test_detail_follows_although_nobody_moves_but_the_observer",
    ),
    Mutation(
        "a slow record keeps its first base",
        "presence/kernels.py",
        "        previous_tick[row] = record_tick[rate, row]\n",
        "",
        "presence/test_rings.py::test_whom_one_follows_steadily_comes_as_deltas",
    ),
    Mutation(
        "who is beyond the radius stays in a packed hall",
        "presence/budget.py",
        "pairs.is_within | ~is_packed.take(slots)",
        "pairs.is_within | True",
        "presence/test_budget.py::test_in_a_packed_hall_nobody_beyond_the_radius_stays",
    ),
    Mutation(
        "nobody beyond the radius stays anywhere",
        "presence/budget.py",
        "pairs.is_within | ~is_packed.take(slots)",
        "pairs.is_within | False",
        "presence/test_budget.py::test_in_a_packed_hall_nobody_beyond_the_radius_stays",
    ),
    Mutation(
        "a budget is a wish",
        "presence/budget.py",
        "_FULL = 0.95",
        "_FULL = 1.1",
        "presence/test_budget.py::test_the_budget_is_used_and_not_exceeded",
    ),
    Mutation(
        "the nearest wait like everybody else",
        "presence/budget.py",
        "np.where(is_nearest, np.minimum(slowed, _NEAREST_RATE), slowed)",
        "slowed",
        "presence/test_budget.py::test_everybody_in_sight_is_told_of",
    ),
    Mutation(
        "what a budget has left over is wasted",
        "presence/budget.py",
        "slow.astype(np.uint8).take(slots) - is_faster.astype(np.uint8)",
        "slow.astype(np.uint8).take(slots)",
        "presence/test_budget.py::test_the_budget_is_used_and_not_exceeded",
    ),
    Mutation(
        "a crowd comes into sight all at once",
        "presence/budget.py",
        "is_admitted[order[rank >= most.take(theirs)]] = False",
        "is_admitted[order[:0]] = False",
        "presence/test_budget.py::test_newcomers_to_a_crowd_see_the_nearest_first",
    ),
    Mutation(
        "the furthest come into sight first",
        "presence/budget.py",
        "np.lexsort((pairs.apart.take(crowded), slots.take(crowded)))",
        "np.lexsort((-pairs.apart.take(crowded), slots.take(crowded)))",
        "presence/test_budget.py::test_newcomers_to_a_crowd_see_the_nearest_first",
    ),
    Mutation(
        "what was not needed is saved up",
        "presence/budget.py",
        "_SAVED_TICKS = 1 ",
        "_SAVED_TICKS = 800 ",
        "presence/test_budget.py::test_what_was_not_needed_is_not_saved_up",
    ),
    Mutation(
        "who left is there until the next look",
        "presence/room.py",
        "np.union1d(self._refocused, entities.leaving())",
        "self._refocused",
        "presence/test_looking.py::test_who_may_not_be_seen_is_gone_on_the_same_tick",
    ),
    Mutation(
        "isolation waits for the next look",
        "presence/interest.py",
        "(entities.isolation[holders] == entities.isolation[subjects])",
        "True",
        "presence/test_looking.py::test_who_may_not_be_seen_is_gone_on_the_same_tick",
    ),
    Mutation(
        "permission waits for the next look",
        "presence/interest.py",
        "    stays &= may_see(entities, holders, subjects)\n",
        "",
        "presence/test_looking.py::test_who_may_not_be_seen_is_gone_on_the_same_tick",
    ),
    Mutation(
        "who could not be told waits for its turn",
        "presence/room.py",
        "is_out_of_turn[list(self._recovered)] = True",
        "is_out_of_turn[list(self._recovered)] = False",
        "presence/test_looking.py::test_a_full_socket_hides_nothing_for_longer",
    ),
    Mutation(
        "whoever is held no longer stays in view",
        "presence/views.py",
        "is_held = entities.given.ravel().take(cells)",
        "is_held = np.ones(len(cells), np.bool_)",
        "presence/test_views.py::test_who_is_held_no_longer_is_pruned",
    ),
    Mutation(
        "a look forgets what was told before",
        "presence/kernels.py",
        "            told[keys_before[i] & mask] = pose_before[i]\n",
        "",
        "presence/test_views.py::test_a_look_tells_who_comes_and_who_goes",
    ),
)

DELTA = (
    Mutation(
        "who missed a record is sent a delta on it",
        "presence/kernels.py",
        "if before == bases[key]:",
        "if bases[key] > 2:",
        "presence/test_snapshot.py::test_who_missed_a_record_is_sent_the_next_one_whole",
    ),
    Mutation(
        "what was missed in a stall is never made up for",
        "presence/kernels.py",
        "if before == newest or slot < 0:",
        "if before == newest or slot < 0 or bases[key] < 4:",
        "presence/test_snapshot.py::test_who_missed_the_last_record_is_sent_it_late",
    ),
    Mutation(
        "who enters is told of twice",
        "presence/kernels.py",
        "pose[j] = shown[keys[j]]",
        "pose[j] = 1",
        "presence/test_snapshot.py::test_the_first_snapshot_is_full_and_has_everybody_near_but_oneself",
    ),
    Mutation(
        "the stalled count as told",
        "presence/kernels.py",
        "        if before == newest or slot < 0:\n            continue\n        pose[at] = newest\n",
        "        pose[at] = newest\n        if before == newest or slot < 0:\n            continue\n",
        "presence/test_snapshot.py::test_who_missed_a_record_is_sent_the_next_one_whole",
    ),
    Mutation(
        "a jump goes as a delta",
        "presence/kernels.py",
        "not is_thing and jumped_tick[row] <= record_tick[rate, row]",
        "not is_thing",
        "presence/test_snapshot.py::test_a_jump_is_absolute_and_flagged_once",
    ),
    Mutation(
        "a jump is never over",
        "presence/snapshot.py",
        "jumped_tick[whole.subjects] > since]",
        "jumped_tick[whole.subjects] > 0]",
        "presence/test_snapshot.py::test_a_jump_is_absolute_and_flagged_once",
    ),
    Mutation(
        "a held pose is of another time",
        "presence/entities.py",
        "pose.astype(np.int32) >> 2",
        "pose.astype(np.int32) >> 1",
        "presence/test_entities.py::test_a_held_pose_tells_its_tick_for_minutes",
    ),
    Mutation(
        "a quiet room keeps silent for good",
        "presence/room.py",
        "asked = everybody if is_news else everybody[self._is_owed(everybody)]",
        "asked = everybody if is_news else everybody[:0]",
        "presence/test_snapshot.py::test_silence_is_broken_every_five_seconds",
    ),
    Mutation(
        "a change of body goes as a delta",
        "presence/kernels.py",
        "is_small = is_same_body and not",
        "is_small = not",
        "presence/test_snapshot.py::test_a_change_of_body_is_absolute_both_ways",
    ),
    Mutation(
        "a hand may move further than a delta says",
        "presence/kernels.py",
        "is_small &= abs(way) <= most\n",
        "is_small &= abs(way) <= most + 1\n",
        "presence/test_snapshot.py::test_head_and_hands_go_as_deltas_where_they_fit",
    ),
    Mutation(
        "a step may go further than a delta says",
        "protocol/records.py",
        "MAX_DELTA_XZ = 2047",
        "MAX_DELTA_XZ = 2048",
        "presence/test_snapshot.py::test_a_step_goes_as_a_delta_where_it_fits",
    ),
    Mutation(
        "once whole, always whole",
        "presence/kernels.py",
        "            absolute_tick[row] = tick\n",
        "            pass\n",
        "presence/test_snapshot.py::test_a_walker_is_sent_whole_now_and_then",
    ),
    Mutation(
        "turning on the spot is no change",
        "presence/kernels.py",
        "is_new |= yaw[row] != last_yaw[row] or pitch",
        "is_new |= pitch",
        "presence/test_snapshot.py::test_the_least_turn_is_sent_on",
    ),
    Mutation(
        "who has left stays held",
        "presence/snapshot.py",
        "entities.given[owners, gone] = False",
        "entities.given[owners[:0], gone[:0]] = False",
        "presence/test_snapshot.py::test_who_comes_back_into_sight_enters_anew",
    ),
    Mutation(
        "the digest forgets who has left",
        "presence/snapshot.py",
        "np.subtract.at(entities.digest, owners, terms)",
        "np.subtract.at(entities.digest, owners, 0 * terms)",
        "presence/test_snapshot.py::test_a_leave_is_told_once_and_nothing_more_of_who_left",
    ),
    Mutation(
        "a resync lets the server hold on to what the client forgot",
        "presence/entities.py",
        "        self.given[observers] = False\n",
        "",
        "presence/test_snapshot.py::test_a_resync_starts_over",
    ),
    Mutation(
        "a row is taken over while somebody still holds what stood there",
        "presence/entities.py",
        "if self.given[:, row].any() or",
        "if",
        "presence/test_entities.py::test_a_row_waits_until_nobody_means_what_stood_there",
    ),
    Mutation(
        "an id means somebody else at once",
        "presence/entities.py",
        "self._free_at[entity] = now + ID_REST_S",
        "self._free_at[entity] = now",
        "presence/test_entities.py::test_an_id_rests_before_it_means_somebody_else",
    ),
)

PERMISSION = (
    Mutation(
        "any one clearance opens every zone",
        "presence/permission.py",
        "(requires & ~grants) == 0",
        "(requires == 0) | ((requires & grants) != 0)",
        "presence/test_permission.py::test_a_subject_in_a_cleared_place_is_seen_by_the_cleared",
    ),
    Mutation(
        "the subject's grants open the viewer's eyes",
        "presence/permission.py",
        "is_cleared(entities.requires[subjects], entities.grants[viewers])",
        "is_cleared(entities.requires[subjects], entities.grants[subjects])",
        "presence/test_permission.py::test_a_subject_in_a_cleared_place_is_seen_by_the_cleared",
    ),
    Mutation(
        "a block works one way",
        "presence/permission.py",
        "entities.blocks[one, other] = entities.blocks[other, one] = is_blocked",
        "entities.blocks[one, other] = is_blocked",
        "presence/test_permission.py::test_a_block_hides_both_ways_until_undone",
    ),
    Mutation(
        "one may lose sight of oneself",
        "presence/permission.py",
        "allowed | (viewers == subjects)",
        "allowed",
        "presence/test_permission.py::test_everybody_sees_themselves",
    ),
    Mutation(
        "who may not see still hears",
        "presence/permission.py",
        "together & may_see(",
        "together | may_see(",
        "presence/test_permission.py::test_who_may_not_see_does_not_hear",
    ),
    Mutation(
        "interest asks permission the wrong way round",
        "presence/interest.py",
        "may_see(entities, pairs.observers, pairs.subjects)",
        "may_see(entities, pairs.subjects, pairs.observers)",
        "presence/test_interest.py::test_clearance_cuts_sight_of_the_place_that_needs_it",
    ),
    Mutation(
        "blocks count only where there are clearances",
        "presence/interest.py",
        "if entities.has_blocks or entities.requires.any():",
        "if entities.requires.any():",
        "presence/test_interest.py::test_a_block_cuts_sight_both_ways",
    ),
    Mutation(
        "the roster does not follow steps into cleared zones",
        "presence/room.py",
        "changed.update(_differing(entities.requires, self._required))",
        "changed.update([])",
        "presence/test_roster.py::test_walking_into_a_cleared_zone_hides_on_the_same_tick",
    ),
    Mutation(
        "the roster does not follow a downgrade",
        "presence/room.py",
        "        state.changed_permissions.add(row)\n",
        "",
        "presence/test_roster.py::test_a_downgrade_acts_on_the_same_tick",
    ),
    Mutation(
        "a newcomer is shown to those who blocked it before",
        "presence/moderation.py",
        "return one_way or (who.user in other.blocks and not may_moderate(who))",
        "return one_way",
        "presence/test_roster.py::test_who_was_blocked_before_they_came_is_never_known",
    ),
    Mutation(
        "presence shows those who blocked the viewer",
        "presence/room.py",
        "if not moderation.is_blocked(viewer, blocks, state.seats[row].member)",
        "if row in state.seats",
        "presence/test_room.py::test_presence_shows_the_cleared_and_those_who_did_not_block",
    ),
    Mutation(
        "speech passes the walls of a private zone",
        "presence/permission.py",
        "entities.privacy[listeners] == entities.privacy[speaker]",
        "entities.privacy[listeners] == entities.privacy[listeners]",
        "presence/test_speech.py::test_speech_stays_in_a_private_zone",
    ),
    Mutation(
        "anybody may enter a cleared zone",
        "presence/movement.py",
        "causes[crossing[uncleared]] = Cause.ZONE_CLEARANCE",
        "causes[crossing[uncleared]] = FINE",
        "presence/test_movement.py::test_a_zone_with_clearance_lets_in_the_cleared_only",
    ),
)

RESUME = (
    Mutation(
        "a resume repeats only what was never written",
        "presence/outbox.py",
        "self._unwritten = list(self._log)",
        "self._unwritten = list(self._unwritten)",
        "presence/test_outbox.py::test_a_resume_repeats_exactly_what_was_missed",
    ),
    Mutation(
        "the last acknowledged event is repeated",
        "presence/outbox.py",
        "while self._first <= seq:",
        "while self._first < seq:",
        "presence/test_outbox.py::test_a_resume_repeats_exactly_what_was_missed",
    ),
    Mutation(
        "a resume from forgotten events pretends to be one",
        "presence/outbox.py",
        "self._first - 1 <= last_event <= self.last",
        "last_event <= self.last",
        "presence/test_outbox.py::test_a_resume_from_forgotten_or_future_events_is_impossible",
    ),
    Mutation(
        "what was not sent may be acknowledged",
        "presence/outbox.py",
        "if seq > self.last - len(self._unwritten):",
        "if seq > self.last:",
        "presence/test_outbox.py::test_an_ack_of_what_was_not_sent_is_the_peers_fault",
    ),
    Mutation(
        "an overfull outbox takes more and leaves a gap",
        "presence/outbox.py",
        "        if self.is_full:\n            return\n",
        "",
        "presence/test_outbox.py::test_too_many_unacknowledged_events_fill_it_for_good",
    ),
    Mutation(
        "a resume token works twice",
        "presence/hub.py",
        "        self._resumable.pop(session.resume_token, None)\n        session.resume_token = f",
        "        session.resume_token = f",
        "presence/test_hub.py::test_a_resume_token_works_once",
    ),
    Mutation(
        "a resume token is enough without its person",
        "presence/hub.py",
        "if session is None or not _is_same_person(session.identity, identity):",
        "if session is None:",
        "presence/test_hub.py::test_a_resume_needs_the_same_persons_token",
    ),
    Mutation(
        "who resumes is not sent what it sees anew",
        "presence/room.py",
        "        self.state.entities.wants_full[row] = True\n        self.state.with_events.add(row)",
        "        self.state.with_events.add(row)",
        "presence/test_snapshot.py::test_who_comes_back_starts_over_as_the_same_entity",
    ),
    Mutation(
        "who resumes stays away for the others",
        "presence/room.py",
        "        seat.is_away = False\n",
        "",
        "presence/test_room.py::test_a_room_of_the_lost_goes_on",
    ),
    Mutation(
        "events are pressed into a full socket",
        "presence/room.py",
        "for row in [row for row in state.with_events if state.seats[row].member.is_writable]:",
        "for row in [row for row in state.with_events if state.seats[row].member.write]:",
        "presence/test_room.py::test_nothing_is_written_to_a_stalled_socket",
    ),
)

GOING = (
    Mutation(
        "one goes to people one may not see",
        "presence/room.py",
        "person = state.visible_person(row, message.entity)",
        "person = entities.row_of(message.entity) or row",
        "presence/test_room.py::test_who_is_hidden_cannot_be_gone_to_and_looks_like_nobody",
    ),
    Mutation(
        "who is hidden takes a place away",
        "presence/movement.py",
        "others = others[(others != row) & may_see(entities, np.array([row]), others)]",
        "others = others[others != row]",
        "presence/test_room.py::test_somebody_hidden_does_not_take_a_place_away",
    ),
    Mutation(
        "people are put inside each other",
        "presence/movement.py",
        " & _is_clear(entities, row, places)",
        "",
        "presence/test_room.py::test_a_crowd_finds_places_around_somebody_half_a_metre_apart",
    ),
    Mutation(
        "one is put behind the person's wall",
        "presence/movement.py",
        "    is_fine &= ~world.blocked(np.broadcast_to(centre, places.shape), places)\n",
        "",
        "presence/test_room.py::test_one_ends_on_their_side_of_a_wall",
    ),
    Mutation(
        "one is put outside the person's zone",
        "presence/movement.py",
        "(world.zone_of(places) == entities.zone[person]) & ",
        "",
        "presence/test_room.py::test_one_joins_them_in_their_zone_unless_it_is_full",
    ),
    Mutation(
        "going leaves what one holds behind",
        "presence/room.py",
        "        objects.carry_along(state, row, place - entities.position[row], now)\n",
        "",
        "presence/test_room.py::test_what_one_holds_comes_along",
    ),
    Mutation(
        "a pose that was in the air hides where one was put",
        "presence/room.py",
        "if self._corrections.get(row) != Cause.MOVED:",
        "if True:",
        "presence/test_room.py::test_one_walks_on_from_where_one_was_put",
    ),
    Mutation(
        "poses behind a going are judged before it",
        "presence/inbox.py",
        "_JUMPS = (Teleport, GoTo)",
        "_JUMPS = (Teleport,)",
        "presence/test_inbox.py::test_a_jump_divides_the_poses_before_it_from_those_behind",
    ),
)

FLOORS = (
    Mutation(
        "people walk on air",
        "presence/movement.py",
        "    causes[~world.on_floor(target) & (length > 0)] = Cause.NO_FLOOR\n",
        "",
        "presence/test_movement.py::test_feet_need_a_floor_where_there_are_floors",
    ),
    Mutation(
        "people jump into the air",
        "presence/room.py",
        "if not self.world.on_floor(target)[0]:",
        "if False:",
        "presence/test_room.py::test_a_jump_needs_a_floor_to_land_on",
    ),
    Mutation(
        "a ramp is as high everywhere as where it starts",
        "presence/geometry.py",
        "yield self._height[number] + self._rise[number] * along // self._run[number]",
        "yield self._height[number] + 0 * along",
        "presence/test_geometry.py::test_feet_are_carried_where_a_floor_is_near",
    ),
    Mutation(
        "feet are carried a millimetre less high",
        "presence/geometry.py",
        "np.abs(points[:, 1] - height) <= STEP_HEIGHT_MM",
        "np.abs(points[:, 1] - height) < STEP_HEIGHT_MM",
        "presence/test_geometry.py::test_feet_are_carried_where_a_floor_is_near",
    ),
    Mutation(
        "a world has no say in how far people see",
        "presence/room.py",
        "settings.interest_radius_mm if world.sight_mm is None else world.sight_mm",
        "settings.interest_radius_mm",
        "presence/test_room.py::test_a_world_says_how_far_people_see_in_it",
    ),
    Mutation(
        "seats may float",
        "presence/world_document.py",
        "        if self._floors is not None:\n",
        "        if self._floors is None:\n",
        "presence/test_world_document.py::test_a_row_with_a_mistake_is_reported_once",
    ),
)

_ORACLE = "simulation/test_explain_against_the_oracle.py::test_every_answer_is_the_oracles"

EXPLAINING = (
    Mutation(
        "steps are undone the wrong way",
        "presence/history.py",
        "along[rows] -= steps",
        "along[rows] += steps",
        _ORACLE,
    ),
    Mutation(
        "heights are not remembered",
        "presence/history.py",
        "if steps[:, 1].any() or np.abs(steps)",
        "if np.abs(steps)",
        "presence/test_history.py::test_every_way_of_moving_can_be_undone",
    ),
    Mutation(
        "who enters a view was in it always",
        "presence/history.py",
        "        self.held = self.held - self._subjects(change.entered)\n",
        "",
        _ORACLE,
    ),
    Mutation(
        "who left a view was never in it",
        "presence/history.py",
        "self.held |= self._subjects(change.left) | ",
        "self.held |= ",
        _ORACLE,
    ),
    Mutation(
        "what an observer held when it left is forgotten",
        "presence/room.py",
        "        self.history.forget(state.entities, np.array([row]))\n",
        "",
        "presence/test_history.py::test_who_left_is_remembered_with_what_they_held",
    ),
    Mutation(
        "blocks are remembered as they are now",
        "presence/history.py",
        "        columns.blocks ^= change.blocks\n",
        "",
        _ORACLE,
    ),
    Mutation(
        "clearances are remembered as they are now",
        "presence/history.py",
        '            self._note_column(change, "grants", entities.grants)\n',
        "",
        _ORACLE,
    ),
    Mutation(
        "a full socket counts as lost",
        "presence/history.py",
        "link[stalled] = Link.AWAY, Link.READY, Link.STALLED",
        "link[stalled] = Link.AWAY, Link.READY, Link.AWAY",
        _ORACLE,
    ),
    Mutation(
        "who looks around out of turn is not known",
        "presence/history.py",
        "(has_turn or self.observer in self._change.looked)",
        "has_turn",
        _ORACLE,
    ),
    Mutation(
        "too far is beyond the leaving radius",
        "presence/explain.py",
        "(Reason.TOO_FAR, not now.is_within_radius)",
        "(Reason.TOO_FAR, not now.is_within_leaving_radius)",
        _ORACLE,
    ),
    Mutation(
        "isolation is one way",
        "presence/explain.py",
        "view.isolation[one] != view.isolation[other]",
        "view.isolation[one] < view.isolation[other]",
        _ORACLE,
    ),
    Mutation(
        "who could not be told is said to have looked",
        "presence/history.py",
        "return self.link() is Link.READY and ",
        "return ",
        _ORACLE,
    ),
    Mutation(
        "budgets are not asked",
        "presence/explain.py",
        "if self.past.is_rationed():",
        "if False:",
        "presence/test_explain.py::test_a_budget_admits_newcomers_a_few_at_a_time",
    ),
    Mutation(
        "who asks is told of everybody",
        "presence/explain.py",
        "world.zone_requires[world.zone_of(place[None])], self._clearance_bits",
        "world.zone_requires[[0]], self._clearance_bits",
        "presence/test_explain.py::test_who_lacks_a_clearance_is_told_as_if_nobody_were_there",
    ),
)

MUTATIONS = (*INTEREST, *HYSTERESIS, *CROWD, *DELTA, *PERMISSION, *RESUME, *GOING, *FLOORS, *EXPLAINING)
