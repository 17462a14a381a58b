"""`presence explain` asks a running server, as an operator would who has a token and a complaint."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from protocol.schema import Block, Done, Roster, Snapshot
from tests.integration.conftest import Connect, RunningServer, StartServer
from tests.integration.issuer import Issuer


def asked(server: RunningServer, token: str, observer: str, subject: str, *more: str) -> tuple[int, str, str]:
    """Run the command; its exit code, and what it printed on either stream."""
    words = ["explain", "--room", "lobby", "--observer", observer, "--subject", subject, "--url", server.metrics_url]
    command = [sys.executable, "-m", "presence", *words, *more]
    done = subprocess.run(command, env={"PRESENCE_TOKEN": token}, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout, done.stderr


def test_a_block_is_the_answer_from_its_tick_on(start_server: StartServer, connect: Connect, tmp_path: Path) -> None:
    """Before it they see each other, and that can be asked for still; only an operator may ask, and leaves a trace."""
    issuer = Issuer(tmp_path)
    server = start_server("--keys-file", str(issuer.key_set_file))
    operator = issuer.token("u-op", roles=frozenset({"operator"}))
    for user in ("u-ann", "u-bob"):
        peer = connect("tcp", server)
        peer.hello(token=issuer.token(user))
        peer.join()
        peer.wait_for(Roster)
        peer.wait_for(Snapshot)
    code, printed, _ = asked(server, operator, "u-bob", "u-ann", "--json")
    before = json.loads(printed)
    assert (code, before["is_held"], before["reason"]) == (0, True, "near")
    ann = before["subject"]["entity"]
    peer.send(Block(1, "u-ann", blocked=True))
    peer.wait_for(Done)
    while code == 0:  # the block is answered before the tick that carries it out
        code, printed, _ = asked(server, operator, "u-bob", "u-ann")
    assert code == 1
    assert printed.splitlines()[0].endswith(
        f"(u-bob) does not see entity {ann} (u-ann): one of them has blocked the other."
    )
    code, printed, _ = asked(server, operator, "u-bob", "u-ann", "--json", "--tick", str(before["tick"]))
    assert (code, json.loads(printed)) == (0, before)
    assert asked(server, issuer.token("u-ann"), "u-bob", "u-ann")[::2] == (
        2,
        "presence: only operators may ask this; show a token with the role operator\n",
    )
    assert {line["actor"] for line in server.lines("audit")} == {"u-op"}
