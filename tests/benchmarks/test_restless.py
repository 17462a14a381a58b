"""Whoever is cut off finds their session again, or the server is told to have failed them."""

from __future__ import annotations

import socket

from benchmarks.restless import Restless
from benchmarks.server_process import serving

WINDOW_S = 5.0
LAPS_MOST = 60


def test_a_session_that_was_cut_off_goes_on() -> None:
    """As the same avatar, in a room that is used for this alone."""
    with serving(60, None, 10.0, ["--resume-window-s", str(WINDOW_S)]) as server:
        restless = Restless(server.tcp_port, 1.0, WINDOW_S)
        restless.turn()
        restless.turn()
    assert (restless.troubles, restless.violations, restless.resumes) == ([], [], 2)
    assert all(lap.emptied_s - lap.made_s > WINDOW_S for lap in restless.laps)


def test_a_session_that_does_not_go_on_is_a_violation() -> None:
    """And no trouble: such a server was never going to hold a seat."""
    with serving(60, None, 10.0, ["--resume-window-s", "0"]) as server:
        restless = Restless(server.tcp_port, 1.0, WINDOW_S)
        while not restless.violations and len(restless.laps) < LAPS_MOST:  # it looks for such once in a while
            restless.turn()
    assert "could not go on" in restless.violations[0]
    assert restless.troubles == []


def test_a_server_that_lets_nobody_in_is_trouble() -> None:
    """Not a violation: nobody was wronged who was there."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    restless = Restless(port, 1.0, WINDOW_S)
    restless.turn()
    assert "refused" in restless.troubles[0]
    assert (restless.violations, restless.resumes) == ([], 0)


def test_laps_go_on_beside_the_load_until_they_are_to_end() -> None:
    """In a thread that is gone afterwards."""
    with serving(60, None, 10.0, []) as server, Restless(server.tcp_port, 0.0, WINDOW_S) as restless:
        while len(restless.laps) < 2:
            server.troubles()
    assert restless.violations == []
