"""The loops that run over everybody and over pairs, compiled: one pass over memory where arrays would take a dozen.

Whoever adds a loop here has measured that it is worth it; everything else is said in arrays, where it belongs. A loop
is plain Python over numpy columns, and does the same, slowly, where `NUMBA_DISABLE_JIT=1` is set. It takes everything
by argument and imports nothing of this project: what was compiled is kept under the digest of this file alone. Its
signature is part of its contract: other types are refused, never compiled anew in the middle of a tick. Compiled, it
checks no bounds: who calls it answers for the indexes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar, cast

import numba
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Rows = NDArray[np.intp]
    Narrow = NDArray[np.int32]  # rows, keys and positions of pairs, of which there are millions
    Mask = NDArray[np.bool_]
    Held = NDArray[np.uint32]  # `entities.held_pose` says what it names
    Bytes = NDArray[np.uint8]
    Costs = tuple[float, float, float]  # by detail
    Rationing = tuple[Costs, Costs, Costs, float, float, int, int, int, int, int]
    Packed = NDArray[np.uint32]  # orientations
    Columns = tuple[Bytes, NDArray[np.int32], NDArray[np.uint16], NDArray[np.int8], Packed, NDArray[np.int16], Packed]

TRACKED, THING = 1, 2  # kinds of bodies; `entities.Body` says what they are
DOT_STEP = 125  # mm; `records` says what a dot is
STEADY = (
    8  # bit of a held pose: its record was a delta, as is due at every tick, so that what comes next can be predicted
)

# body, position, yaw, pitch, orientation, parts, orientations of parts
_POSES = "Tuple((u1[::1], i4[:,::1], u2[::1], i1[::1], u4[::1], i2[:,:,::1], u4[:,::1]))"

_Loop = TypeVar("_Loop", bound="Callable[..., Any]")


def compiled(signature: str) -> Callable[[_Loop], _Loop]:
    """Compile a loop for arguments of these types, and keep it on disk wherever there is a place to keep it."""

    def ready(loop: _Loop) -> _Loop:
        try:
            return cast("_Loop", numba.njit(signature, cache=True)(loop))
        except RuntimeError:  # no folder can be written to: compiled at every start
            return cast("_Loop", numba.njit(signature)(loop))

    return ready


@compiled("(i8[::1], f8[::1], f8[::1], f8[::1], f8, f8)")
def paced(
    rows: Rows,
    received: NDArray[np.float64],
    full_at: NDArray[np.float64],
    heard_at: NDArray[np.float64],
    interval: float,
    slack: float,
) -> Mask:
    """Take a token from the bucket of each sender, in order of arrival, as `limits.Bucket` does; tell who found one.

    full_at: when each bucket would be full again, by row. heard_at: when its owner was heard last, likewise; noted.
    """
    is_paced = np.ones(len(rows), np.bool_)
    for k in range(len(rows)):
        row, now = rows[k], received[k]
        heard_at[row] = max(heard_at[row], now)
        is_paced[k] = full_at[row] - now <= slack
        if is_paced[k]:
            full_at[row] = max(full_at[row], now) + interval
    return is_paced


@compiled("(u4, u4, i8, i2[::1])")
def _is_turn(before: int, after: int, most: int, turns: NDArray[np.int16]) -> bool:
    """Tell whether a delta can describe how a packed orientation turned; writes how far each of its components did."""
    is_turn = before >> 30 == after >> 30
    for component in range(3):
        shift = 20 - 10 * component
        turns[component] = np.int64(after >> shift & 1023) - np.int64(before >> shift & 1023)
        is_turn &= abs(turns[component]) <= most
    return is_turn


@compiled("i8(i8)")
def _dot(millimetres: int) -> int:
    """Round a coordinate to that of a dot."""
    return (millimetres + DOT_STEP // 2) // DOT_STEP


@compiled(
    f"(i8[::1], i8, {_POSES}, {_POSES}, i4[:,::1], i4[::1], i4[::1], i4[::1], i4[::1], u2[::1], i8, UniTuple(i8, 4), "
    "i8, i8)"
)
def recorded(
    candidates: Rows,
    rate: int,
    poses: Columns,
    shown: Columns,
    record_tick: NDArray[np.int32],
    previous_tick: NDArray[np.int32],
    absolute_tick: NDArray[np.int32],
    jumped_tick: NDArray[np.int32],
    dot_tick: NDArray[np.int32],
    ids: NDArray[np.uint16],
    tick: int,
    most: tuple[int, int, int, int],
    round_step: int,
    round_ticks: int,
) -> tuple[Rows, NDArray[np.int32], NDArray[np.int16], NDArray[np.int16]]:
    """Make a new record of a rate class of each candidate whose pose has changed since its last one; see `snapshot`.

    shown, previous_tick, absolute_tick: of this class. record_tick: of every class. dot_tick: noted by class 0. most:
    how far a delta reaches: on the level; otherwise; up and down with a head and hands, mm; and in the components of an
    orientation. Returns the rows whose change a delta can describe, the way of the root, with the changes of yaw and
    pitch behind it (rows, 5), the ways of parts (rows, 3, 3), and the turns of the components (rows, 3, 3) of their
    orientations.
    """
    most_xz, most_mm, most_tracked_y, most_turn = most
    body, position, yaw, pitch, orientation, parts, turns = poses
    last_body, last_position, last_yaw, last_pitch, last_orientation, last_parts, last_turns = shown
    rows, root = np.empty(len(candidates), np.int64), np.empty((len(candidates), 5), np.int32)
    moves, spins = np.zeros((len(candidates), 3, 3), np.int16), np.zeros((len(candidates), 3, 3), np.int16)
    n = 0
    for row in candidates:
        is_tracked, is_thing = body[row] == TRACKED, body[row] == THING
        is_same_body = body[row] == last_body[row]
        if rate > 0:
            is_new = record_tick[rate, row] < record_tick[0, row]
        else:
            is_new = not is_same_body or jumped_tick[row] > record_tick[0, row]
            is_new |= yaw[row] != last_yaw[row] or pitch[row] != last_pitch[row]
            is_new |= is_thing and orientation[row] != last_orientation[row]
            for axis in range(3):
                is_new |= position[row, axis] != last_position[row, axis]
            if is_tracked and not is_new:
                for part in range(3):
                    is_new |= turns[row, part] != last_turns[row, part]
                    for axis in range(3):
                        is_new |= parts[row, part, axis] != last_parts[row, part, axis]
        if not is_new:
            continue
        offset = np.int64(ids[row]) * round_step
        is_small = is_same_body and not is_thing and jumped_tick[row] <= record_tick[rate, row]
        is_small &= (offset + tick) // round_ticks == (offset + absolute_tick[row]) // round_ticks
        for axis in range(3):
            way = position[row, axis] - last_position[row, axis]
            if rate == 0 and _dot(position[row, axis]) != _dot(last_position[row, axis]):
                dot_tick[row] = tick
            is_small &= abs(way) <= (most_xz if axis != 1 else most_tracked_y if is_tracked else most_mm)
            root[n, axis] = way
            last_position[row, axis] = position[row, axis]
        if is_tracked:
            for part in range(3):
                for axis in range(3):
                    way = parts[row, part, axis] - last_parts[row, part, axis]
                    is_small &= abs(way) <= most_mm
                    moves[n, part, axis] = way
                    last_parts[row, part, axis] = parts[row, part, axis]
                is_small &= _is_turn(last_turns[row, part], turns[row, part], most_turn, spins[n, part])
                last_turns[row, part] = turns[row, part]
        else:
            moves[n], spins[n] = 0, 0
        root[n, 3], root[n, 4] = np.int32(yaw[row]) - last_yaw[row], np.int32(pitch[row]) - last_pitch[row]
        last_body[row], last_yaw[row], last_pitch[row] = body[row], yaw[row], pitch[row]
        if is_thing:
            last_orientation[row] = orientation[row]
        if is_small:
            rows[n] = row
            n += 1
        else:
            absolute_tick[row] = tick
        previous_tick[row] = record_tick[rate, row]
        record_tick[rate, row] = record_tick[0, row] if rate > 0 else tick
    return rows[:n], root[:n], moves[:n], spins[:n]


@compiled("void(f8[:,:], i4[::1], f8[::1])")
def _measure(places: NDArray[np.float64], place: NDArray[np.int32], squares: NDArray[np.float64]) -> None:
    """Write the squared distances of places, (3, places), from one. Exact: coordinates stay below 2**22."""
    x, y, z = float(place[0]), float(place[1]), float(place[2])
    xs, ys, zs = places[0], places[1], places[2]
    for k in range(len(xs)):  # without a branch, so that several are worked out at a time
        dx, dy, dz = xs[k] - x, ys[k] - y, zs[k] - z
        squares[k] = dx * dx + dy * dy + dz * dz


@compiled("b1(f8[:,::1], i8, i4[:,::1], i8, i8, i8, i8)")
def _is_nearest(
    places: NDArray[np.float64], k: int, eyes: NDArray[np.int32], i: int, begin: int, end: int, squared: int
) -> bool:
    """Tell whether of the eyes from `begin` to `end` the i-th is nearest to place k; of equally near ones the first is.

    squared: the distance between the two.
    """
    for other in range(begin, end):
        dx, dy, dz = places[0, k] - eyes[other, 0], places[1, k] - eyes[other, 1], places[2, k] - eyes[other, 2]
        apart = dx * dx + dy * dy + dz * dz
        if apart < squared or (apart == squared and other < i):
            return False
    return True


@compiled(
    "(i8[::1], i4[:,::1], i8[::1], f8[:,::1], i8[:,::1], i8[:,::1], i8, i8, b1[:,::1], i8[::1], u8[::1], u8[::1])"
)
def in_sight(
    owners: Rows,
    eyes: NDArray[np.int32],
    subjects: Rows,
    places: NDArray[np.float64],
    first: NDArray[np.int64],
    last: NDArray[np.int64],
    radius2: int,
    leaving2: int,
    given: Mask,
    pinned: Rows,
    pinned_for: NDArray[np.uint64],
    groups: NDArray[np.uint64],
) -> tuple[Narrow, Narrow, Mask, Mask, NDArray[np.int64]]:
    """Pair observers with the subjects that come within the radius, or have been told of and have not left it yet.

    The nearest of an observer's eyes counts; a subject that is pinned for it is paired with it as if they stood in one
    place. owners: whose eye it is, those of one observer side by side. eyes: where, (eyes, 3), mm. places: of
    `subjects`, (3, subjects), mm. first, last: (eye, range): where in `subjects` those begin and end that may be near.
    radius2, leaving2: squared distances, mm2. given: observer x subject, whether it has been told. pinned: subjects
    pinned for anybody. pinned_for, groups: by row, as `pins` says. Returns observers, subjects, whether told, whether
    within the radius, and squared distances.
    """
    most = len(owners) * len(pinned)
    for i in range(len(owners)):
        for j in range(first.shape[1]):
            most += last[i, j] - first[i, j]
    observers, seen = np.empty(most, np.int32), np.empty(most, np.int32)
    held, within = np.empty(most, np.bool_), np.empty(most, np.bool_)
    apart, squares = np.empty(most, np.int64), np.empty(len(subjects))
    n, begin, end, has_pins = np.uint64(0), 0, 0, len(pinned) > 0
    for i in range(len(owners)):
        observer, has_told, begin = owners[i], given[owners[i]], i if i >= end else begin
        while end < len(owners) and owners[end] == observer:
            end += 1
        for j in range(first.shape[1]):
            near = slice(first[i, j], last[i, j])
            _measure(places[:, near], eyes[i], squares)
            those = subjects[near]
            for k in range(len(those)):
                subject, squared = those[k], int(squares[k])
                if squared > leaving2 or subject == observer:
                    continue
                if has_pins and pinned_for[subject] & groups[observer]:
                    continue
                if end - begin > 1 and not _is_nearest(places, first[i, j] + k, eyes, i, begin, end, squared):
                    continue
                is_held, is_within = has_told[subject], squared <= radius2
                observers[n], seen[n], held[n], within[n], apart[n] = observer, subject, is_held, is_within, squared
                n += np.uint64(is_held or is_within)  # who is neither is written over
        for subject in pinned if i == end - 1 else pinned[:0]:
            if subject != observer and pinned_for[subject] & groups[observer]:
                is_held = given[observer, subject]
                observers[n], seen[n], held[n], within[n], apart[n] = observer, subject, is_held, True, 0
                n += np.uint64(1)
    return observers[:n], seen[:n], held[:n], within[:n], apart[:n]


@compiled("void(i8[::1], b1[::1], b1[::1], i8)")
def _admit(apart: NDArray[np.int64], is_held: Mask, is_admitted: Mask, most: int) -> None:
    """Of one observer's newcomers, who are more, let the nearest in, of equally near ones the first, and no others."""
    newcomers = np.flatnonzero(~is_held)
    furthest = np.partition(apart[newcomers], most - 1)[most - 1]
    places = most - np.count_nonzero(apart[newcomers] < furthest)
    for k in newcomers:
        if apart[k] == furthest and places > 0:
            places -= 1
        elif apart[k] >= furthest:
            is_admitted[k] = False


@compiled("f8(i8[::1], i8, f8)")
def _reach(counts: NDArray[np.int64], furthest: int, wanted: float) -> float:
    """Estimate the squared distance within which as many as `wanted` are; bins count as if filled evenly."""
    k, below = 0, 0
    while k < len(counts) - 1 and below + counts[k] <= wanted:
        below += counts[k]
        k += 1
    share = min(max((wanted - below) / max(1, counts[k]), 0.0), 1.0)
    return float((k + share) * furthest / len(counts))


@compiled("i8(i8[::1], b1[::1], u1[::1], u1[::1], b1[::1], b1, i8[:,:,::1])")
def _count(
    apart: NDArray[np.int64],
    is_within: Mask,
    rate: Bytes,
    detail: Bytes,
    is_admitted: Mask,
    is_packed: bool,
    turns: NDArray[np.int64],
) -> int:
    """Count one observer's admitted subjects by rate and detail; who lingers where it is packed is admitted no more.

    turns: (2, rates, details), zeros: counted in turn, since each count waits for the change before. Returns more than
    any squared distance of those.
    """
    furthest = 0
    for k in range(len(apart)):
        is_admitted[k] &= is_within[k] or not is_packed
        turns[k & 1, rate[k], detail[k]] += is_admitted[k]
        furthest = max(furthest, int(apart[k]) * is_admitted[k])
    return furthest + 1


@compiled("void(i8[::1], u1[::1], b1[::1], i8[::1], i8, f8, f8, i8, i8, i8, i8)")
def _slow(
    apart: NDArray[np.int64],
    rate: Bytes,
    is_admitted: Mask,
    by_rate: NDArray[np.int64],
    furthest: int,
    records: float,
    steady: float,
    nearest: int,
    nearest_rate: int,
    classes: int,
    bins: int,
) -> None:
    """Slow down one observer's subjects until no more than `records` of them a tick are due.

    Everybody is due at one rate, or nearer than some distance at the next faster one, or at the rate of its ring if
    that is slower; the nearest few at `nearest_rate`. by_rate: how many are admitted in the rings of each rate; it is
    changed. furthest: more than any squared distance of those. steady: what a record costs that is due at every tick,
    as a share of what others do.
    """
    nearest = min(nearest, by_rate.sum(), np.int64(records))  # half of it at the most
    by_rate[0] = max(0, by_rate[0] - nearest)
    slow, wanted = 1, 0.0
    for slow in range(1, classes):
        wanted = nearest / (1 << nearest_rate)
        for ring in range(classes):
            wanted += by_rate[ring] / (1 << max(ring, slow))
        if wanted <= records:
            break
    turns, bins_of_one = np.zeros((2, bins), np.int64), bins / furthest
    for k in range(len(rate)):
        if is_admitted[k]:
            turns[k & 1, np.int64(apart[k] * bins_of_one)] += 1
    counts = turns[0] + turns[1]
    faster = max(0.0, records - wanted) * (1 << slow if slow > 1 else 1 / (steady - 0.5))
    faster += nearest if slow > nearest_rate else 0
    is_faster_within = np.int64(_reach(counts, furthest, faster))
    is_nearest_within = np.int64(_reach(counts, furthest, nearest))
    for k in range(len(rate)):  # all of them: at which rate those would be who are not admitted is nobody's business
        slowed = slow - 1 if apart[k] <= is_faster_within else slow
        slowed = min(slowed, nearest_rate) if apart[k] <= is_nearest_within else slowed
        rate[k] = max(rate[k], slowed)


@compiled(
    "(i8[::1], i4[::1], i8[::1], b1[::1], b1[::1], u1[::1], u1[::1], f8[::1], f8[::1], i8, "
    "Tuple((UniTuple(f8, 3), UniTuple(f8, 3), UniTuple(f8, 3), f8, f8, i8, i8, i8, i8, i8)))"
)
def rationed(
    looking: Rows,
    observers: Narrow,
    apart: NDArray[np.int64],
    is_held: Mask,
    is_within: Mask,
    rate: Bytes,
    detail: Bytes,
    budget: NDArray[np.float64],
    usual_records: NDArray[np.float64],
    ticks: int,
    rules: Rationing,
) -> tuple[Mask, Bytes, Mask]:
    """Fit the pairs of each observer into its budget; they are grouped by observer, as `looking` is. See `budget`.

    detail: which records of a subject are sent, and so what each costs. budget: bytes for the next `ticks` ticks.
    Returns who is admitted, at which rate, and which observers were held short.
    """
    steady, deltas, enters, frame, share, nearest, nearest_rate, lingering, classes, bins = rules
    steady_of, delta_of, enter_of = np.array(steady), np.array(deltas), np.array(enters)
    is_admitted, granted, is_short = np.ones(len(apart), np.bool_), rate.copy(), np.zeros(len(looking), np.bool_)
    begin = end = 0
    for i in range(len(looking)):
        begin = end
        while end < len(observers) and observers[end] == looking[i]:
            end += 1
        theirs, count, entering = slice(begin, end), end - begin, 0.0
        newcomers = count - int(np.count_nonzero(is_held[theirs]))
        if newcomers > 0:
            costliest = 0
            for k in range(begin, end):
                costliest = max(costliest, 0 if is_held[k] else int(detail[k]))
            most = max(1, int(budget[i] * share / enter_of[costliest]))
            if newcomers > most:
                _admit(apart[theirs], is_held[theirs], is_admitted[theirs], most)
                count -= newcomers - most
            for k in range(begin, end):
                if is_admitted[k] and not is_held[k]:
                    entering += enter_of[detail[k]]
        few = min(nearest, count)
        is_packed = few / (1 << nearest_rate) + (count - few) / lingering > usual_records[i]
        left = max(budget[i] - entering - ticks * frame, 1.0)
        turns = np.zeros((2, classes, len(delta_of)), np.int64)
        of_theirs = apart[theirs], is_within[theirs], rate[theirs], detail[theirs]
        furthest = _count(*of_theirs, is_admitted[theirs], is_packed, turns)
        by_kind = turns[0] + turns[1]
        by_rate, cost_by_rate = by_kind.sum(axis=1), (by_kind * delta_of).sum(axis=1)
        count, wanted, at_ring_rates = by_rate.sum(), cost_by_rate[0], (by_kind[0] * steady_of).sum() * ticks
        for ring in range(1, classes):
            wanted += cost_by_rate[ring]
            at_ring_rates += cost_by_rate[ring] / (1 << ring) * ticks
        is_short[i] = count < end - begin
        if at_ring_rates > left:
            records = left * count / (max(wanted, 1.0) * ticks)
            steady_share = (by_kind * steady_of).sum() / wanted  # more than a half, see `budget`
            limits = furthest, records, steady_share, nearest, nearest_rate, classes, bins
            _slow(apart[theirs], granted[theirs], is_admitted[theirs], by_rate, *limits)
            is_short[i] = True
    return is_admitted, granted, is_short


@compiled("(i8[::1], i8, i4[::1], i4[::1], u4[::1], i4[::1], i4[::1], u4[::1])")
def matched(
    looking: Rows,
    row_bits: int,
    observers_before: Narrow,
    keys_before: Narrow,
    pose_before: Held,
    observers: Narrow,
    keys: Narrow,
    shown: Held,
) -> tuple[Held, Rows, Rows]:
    """Compare what observers had in view with what they want to see; both are grouped by observer, as `looking` is.

    row_bits: how many low bits of a key name its row. shown: the newest pose, by key. Returns the pose last told of
    each wanted pair, the newest one of those who come; the positions of those; and the positions before of who is gone.
    """
    mask = (1 << row_bits) - 1
    told = np.zeros(mask + 1, np.uint32)
    pose, entering = np.empty(len(keys), np.uint32), np.empty(len(keys), np.int64)
    left = np.empty(len(keys_before), np.int64)
    end_before, end, n_entering, n_left = 0, 0, 0, 0
    for observer in looking:
        begin_before, begin = end_before, end
        while end_before < len(keys_before) and observers_before[end_before] == observer:
            end_before += 1
        while end < len(keys) and observers[end] == observer:
            end += 1
        had, poses_had = keys_before[begin_before:end_before], pose_before[begin_before:end_before]
        for k in range(len(had)):
            told[had[k] & mask] = poses_had[k]
        wants, poses, staying = keys[begin:end], pose[begin:end], 0
        for k in range(len(wants)):
            poses[k], told[wants[k] & mask] = told[wants[k] & mask], 0
            if poses[k] == 0:
                poses[k] = shown[wants[k]]
                entering[n_entering] = begin + k
                n_entering += 1
            else:
                staying += 1
        for k in range(len(had) if staying < len(had) else 0):
            if told[had[k] & mask] != 0:
                told[had[k] & mask] = 0
                left[n_left] = begin_before + k
                n_left += 1
    return pose, entering[:n_entering], left[:n_left]


@compiled("(i4[::1], i4[::1], i8, i8, i8, u2[::1], i8, i8)")
def planned(
    observers: Narrow,
    keys: Narrow,
    row_bits: int,
    details: int,
    classes: int,
    ids: NDArray[np.uint16],
    tick: int,
    ticks: int,
) -> tuple[Narrow, Narrow, Narrow, Rows, Rows]:
    """Find when pairs are due: at every 2**rate-th tick, counted with the subject's id.

    keys: above the row's bits, rate class * details + detail. classes: how many of rates there are. ids: by row.
    Returns what is due at this tick, at the next one, and so on, one behind the other: positions, observers and keys,
    which stand far apart among the pairs; where each tick's end; and its rate classes, a bit for each.
    """
    mask = (1 << row_bits) - 1
    # by kind of record and by row: what is worked out for each pair costs more than the rest
    interval_of = np.array([1 << kind // details for kind in range(classes * details)])
    slowest = interval_of[-1]
    wait = np.empty(len(ids), np.uint8)  # until the slowest record of a row
    for row in range(len(ids)):
        wait[row] = -(np.int64(ids[row]) + tick) & (slowest - 1)
    alike = np.zeros((len(interval_of), slowest), np.int64)  # how many are due at the same ticks
    for key in keys:
        alike[key >> row_bits, wait[key & mask]] += 1
    counts, rates = np.zeros(ticks, np.int64), np.zeros(ticks, np.int64)
    for kind, step in np.ndindex(alike.shape):
        if alike[kind, step]:
            for ahead in range(step & (interval_of[kind] - 1), ticks, interval_of[kind]):
                counts[ahead] += alike[kind, step]
                rates[ahead] |= interval_of[kind]
    ends = np.cumsum(counts)
    at = ends - counts
    n = ends[-1]
    due, due_observers, due_keys = np.empty(n, np.int32), np.empty(n, np.int32), np.empty(n, np.int32)
    for k in range(len(keys)):
        key, interval = keys[k], interval_of[keys[k] >> row_bits]
        ahead = np.int64(wait[key & mask]) & (interval - 1)
        while ahead < ticks:
            due[at[ahead]], due_observers[at[ahead]], due_keys[at[ahead]] = k, observers[k], key
            at[ahead] += 1
            ahead += interval
    return due, due_observers, due_keys, ends, rates


@compiled("(i4[::1], i4[::1], i4[::1], u4[::1], i8[::1], u4[::1], u4[::1], i8, i8[:,::1], i8[:,::1], UniTuple(i8, 2))")
def told(
    due: Narrow,
    observers: Narrow,
    keys: Narrow,
    pose: Held,
    slot_of: Rows,
    shown: Held,
    bases: Held,
    slower: int,
    by_delta: Rows,
    by_prediction: Rows,
    counts: tuple[int, int],
) -> tuple[tuple[int, int], Rows, Held]:
    """Tell pairs that are due of the newest pose where they were told another one, and note that in `pose`.

    due, observers, keys: the pairs that are due, and where they stand in `pose`. slot_of: by observer's row, negative
    for who cannot be told. shown, bases: by key, the newest pose, and the one from which its delta leads there.
    A base is `STEADY` where there is a predicted record. Smaller keys than `slower` are due at every tick. Of who held
    the base, the observer's slot and the key are written to `by_delta` or to `by_prediction`, (2, pairs), of which
    there are `counts` already. Returns how many are there then, which of the due are the others, and the poses that
    those held.
    """
    whole, held = np.empty(len(due), np.int64), np.empty(len(due), np.uint32)
    n, p = counts
    m = 0
    for k in range(len(due)):
        at, key, slot = due[k], keys[k], slot_of[observers[k]]
        before, newest, base = pose[at], shown[key], bases[key]
        if (before ^ newest) | STEADY == STEADY or slot < 0:
            continue
        if (before ^ base) | STEADY != STEADY:
            pose[at] = newest
            whole[m], held[m] = k, before
            m += 1
            continue
        pose[at] = newest | STEADY if key < slower else newest
        if before & base & STEADY:
            by_prediction[0, p], by_prediction[1, p] = slot, key
            p += 1
        else:
            by_delta[0, n], by_delta[1, n] = slot, key
            n += 1
    return (n, p), whole[:m], held[:m]


@compiled("(u1[::1], i8[::1], i8[::1], i8[::1], i8[::1], u1[:,::1], i8, i8)")
def place(
    arena: Bytes,
    starts: NDArray[np.int64],
    counts: NDArray[np.int64],
    slots: Rows,
    at: Rows,
    records: Bytes,
    kind: int,
    stride: int,
) -> None:
    """Write one section of every observer that has it into the arena: its header, then its records side by side.

    starts, counts: by slot. slots, ascending, and at: for each record whose it is, and which row of `records`, of which
    the first `stride` bytes are taken.
    """
    # nobody asks of unsigned indexes whether they are negative
    slot, end, width = -1, np.uint64(0), np.uint64(stride)
    for k in range(len(slots)):
        if slots[k] != slot:
            slot = slots[k]
            begin = starts[slot]
            arena[begin], arena[begin + 1] = kind, stride
            arena[begin + 2], arena[begin + 3] = counts[slot] & 0xFF, counts[slot] >> 8
            end = np.uint64(begin + 4)
        record = np.uint64(at[k])
        for byte in range(width):
            arena[end + byte] = records[record, byte]
        end += width
