"""Streams of predicted records, written by compiled loops: the bits of each subject once, then those of each observer.

`protocol.predicted` says what the bits mean. As in `kernels`, a loop takes all it needs by argument and imports nothing
of ours.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from presence.kernels import compiled

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Rows = NDArray[np.intp]
    Narrow = NDArray[np.int32]
    Bytes = NDArray[np.uint8]
    Codes = NDArray[np.uint64]

LINEAR = 3  # of the codes in `protocol.predicted`
_YAW = 4  # the place of the yaw among the numbers of a predicted record, and the last of those that go on
_GAPS = 256  # of ids, whose codes are looked up
# The place of a word's only bit, by the word modulo 67: no two of those are alike.
_MODULUS = np.uint64(67)
_PLACES = np.zeros(67, np.uint64)
_PLACES[[pow(2, place, 67) for place in range(64)]] = np.arange(64)


@compiled("UniTuple(u8, 2)(i8, i8)")
def _code(number: int, order: int) -> tuple[int, int]:
    """Write a number as `protocol.predicted` does: its bits, and how many."""
    high = number >> order
    prefix, left = min(high, LINEAR), high - LINEAR + 1
    while left > 1:
        prefix, left = prefix + 1, left >> 1
    further = max(0, prefix - LINEAR)
    base = prefix if prefix < LINEAR else LINEAR - 1 + (1 << further)
    return (number - (base << order)) << (prefix + 1) | ((1 << prefix) - 1), prefix + 1 + order + further


@compiled("(i8[::1], i8[::1], u1[::1], i4[:,::1], i4[:,::1], i8[::1], i8)")
def coded(
    order: Rows,
    rows: Rows,
    ages: Bytes,
    root: NDArray[np.int32],
    motion: NDArray[np.int32],
    orders: NDArray[np.int64],
    most: int,
) -> tuple[Codes, Codes]:
    """Write the numbers of predicted records: how far deltas at the full rate are from going on as the ones before did.

    order: in which order `rows` and what else goes with them are gone through. ages: of the new poses. root: as
    `recorded` returns it. motion: by row, age and root of the delta before; noted, but for the pitch, which does not go
    on. orders: of the codes. Returns the bits of each record, and how many they are: 0 where they are more than `most`.
    """
    codes, widths, too_many = np.zeros(len(order), np.uint64), np.zeros(len(order), np.uint64), np.uint64(most + 1)
    for k in range(len(order)):
        i, row, at = order[k], rows[order[k]], np.uint64(0)
        for j in range(len(orders)):
            now = int(ages[i] if j == 0 else root[i, j - 1])
            error = now - int(motion[row, j])
            if j == _YAW:  # it goes round
                error = (error + 32768 & 65535) - 32768
            if j <= _YAW:
                motion[row, j] = now
            bits, width = _code(error << 1 if error >= 0 else ~(error << 1), int(orders[j]))
            if at + width < too_many:
                codes[k] |= bits << at
                at += width
            else:
                at = too_many
        widths[k] = at if at < too_many else np.uint64(0)
    return codes, widths


@compiled("(i8[::1], i8[::1], i8, i4[::1], u2[::1], u8[::1], u8[::1], i8)")
def streamed(
    slots: Rows,
    keys: Rows,
    row_bits: int,
    rank_of: Narrow,
    ids: NDArray[np.uint16],
    codes: Codes,
    widths: Codes,
    order: int,
) -> tuple[Rows, Rows, Rows, Bytes]:
    """Write a stream of predicted records for each observer.

    slots, ascending, and keys: of each record the observer's, and in its lowest bits the subject's row. rank_of: by
    row, which of `ids`, ascending, `codes` and `widths` is its record, as `coded` makes them. order: of gaps' codes.
    Returns the slots, each once, where the stream of each begins and ends, and the bytes where they stand.
    """
    mask = (1 << row_bits) - 1
    gaps, gap_widths = np.empty(_GAPS, np.uint64), np.empty(_GAPS, np.uint64)
    for gap in range(_GAPS):
        gaps[gap], gap_widths[gap] = _code(gap, order)
    asked = np.zeros((len(ids) + 63) // 64, np.uint64)  # of one observer: a bit for each record, in order of ids
    words = np.empty(3 * len(slots) + 1, np.uint32)  # a record has 30 + 56 bits at most
    owners, begins, ends = (
        np.empty(len(slots), np.int64),
        np.empty(len(slots), np.int64),
        np.empty(len(slots), np.int64),
    )
    begin, groups = 0, 0
    n, whole, half = np.uint64(0), np.uint64(32), np.uint64(0xFFFFFFFF)
    while begin < len(slots):
        end = begin
        while end < len(slots) and slots[end] == slots[begin]:
            rank = np.uint64(rank_of[keys[end] & mask])
            asked[rank >> np.uint64(6)] |= np.uint64(1) << (rank & np.uint64(63))
            end += 1
        owners[groups], begins[groups], begin = slots[begin], 4 * n, end
        bits, held, next_id = np.uint64(0), np.uint64(0), 0
        for k in range(len(asked)):
            left, asked[k] = asked[k], np.uint64(0)
            while left:
                lowest = left & (~left + np.uint64(1))
                left ^= lowest
                rank = np.uint64(64 * k) + _PLACES[lowest % _MODULUS]
                gap = int(ids[rank]) - next_id
                next_id += gap + 1
                if gap < _GAPS:
                    code, width = gaps[gap], gap_widths[gap]
                else:
                    code, width = _code(gap, order)
                bits |= code << held
                held += width
                if held >= whole:
                    words[n] = bits
                    n, bits, held = n + np.uint64(1), bits >> whole, held - whole
                code, width = codes[rank], widths[rank]
                if width > whole:
                    bits |= (code & half) << held
                    words[n] = bits
                    n, bits, code, width = n + np.uint64(1), bits >> whole, code >> whole, width - whole
                bits |= code << held
                held += width
                if held >= whole:
                    words[n] = bits
                    n, bits, held = n + np.uint64(1), bits >> whole, held - whole
        ends[groups] = 4 * n + (held + np.uint64(7)) // np.uint64(8)
        if held > np.uint64(0):
            words[n] = bits
            n += np.uint64(1)
        groups += 1
    return owners[:groups], begins[:groups], ends[:groups], words[:n].view(np.uint8)


@compiled("void(u1[::1], i8[::1], i8[::1], i8[::1], i8[::1], u1[::1], i8)")
def pour(
    arena: Bytes, starts: NDArray[np.int64], slots: Rows, begins: Rows, ends: Rows, stream: Bytes, kind: int
) -> None:
    """Write the streams of `streamed` into the arena, each as a section of its own. starts: by slot."""
    for k in range(len(slots)):
        size, at = ends[k] - begins[k], starts[slots[k]]
        arena[at], arena[at + 1] = kind, 1
        arena[at + 2], arena[at + 3] = size & 0xFF, size >> 8
        arena[at + 4 : at + 4 + size] = stream[begins[k] : ends[k]]
