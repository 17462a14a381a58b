"""World files: those that ship, those of an operator, and what is said of bad ones."""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
import pytest

from presence import catalogue
from presence.world import World, WorldError


def write(folder: Path, file: str, **parts: object) -> Path:
    """A small world file with these parts."""
    world = {"name": "lab", "title": "Lab", "bounds": {"min": [-9, 0, -9], "max": [9, 4, 9]}} | parts
    path = folder / file
    path.write_text(json.dumps({"spawns": [{"position": [0, 0, 0], "yaw": 0}]} | world), "utf-8")
    return path


def check(*paths: Path) -> tuple[int, list[str]]:
    """The exit code, and what was said."""
    out = io.StringIO()
    return catalogue.check(paths, out), out.getvalue().splitlines()


def portal(world: str) -> dict[str, object]:
    """A portal to this world."""
    return {"min": [1, 0, 1], "max": [2, 2, 2], "world": world}


# --- loading ----------------------------------------------------------------------------------------------------------


def test_shipped_worlds_load_by_name() -> None:
    """A server without a folder of its own has something to serve."""
    worlds = catalogue.load_worlds(None)
    assert set(worlds) >= {"plaza", "open"}
    assert all(world.name == name for name, world in worlds.items())


def test_an_operators_worlds_are_added_and_replace_shipped_ones(tmp_path: Path) -> None:
    """By name, whatever the file is called; a schema or a note in the folder is no world."""
    write(tmp_path, "one.json", name="lab", portals=[portal("open")])
    write(tmp_path, "two.json", name="plaza", title="Ours")
    write(tmp_path, "world.schema.json")
    (tmp_path / "notes.txt").write_text("no world")
    worlds = catalogue.load_worlds(tmp_path)
    assert set(worlds) == {"checkpoint", "headquarters", "plaza", "open", "lab"}
    assert worlds["plaza"].title["en"] == "Ours"


def test_the_problems_of_all_files_are_raised_at_once(tmp_path: Path) -> None:
    """Each with the file it is in."""
    write(tmp_path, "a.json", spawns=[])
    write(tmp_path, "b.json", zonez=[])
    with pytest.raises(WorldError) as refused:
        catalogue.load_worlds(tmp_path)
    assert str(refused.value).splitlines() == [
        f"{tmp_path / 'a.json'}: $.spawns: has 0 items; write 1 to 512",
        f"{tmp_path / 'b.json'}: $.zonez: unknown key; did you mean zones?",
    ]


def test_two_files_of_one_folder_cannot_name_one_world(tmp_path: Path) -> None:
    """Which one is served would be chance."""
    write(tmp_path, "a.json")
    write(tmp_path, "b.json")
    with pytest.raises(WorldError, match=r"b\.json: \$\.name: names the world lab, as .*a\.json does"):
        catalogue.load_worlds(tmp_path)


def test_a_portal_to_nowhere_is_refused(tmp_path: Path) -> None:
    """With the name that was perhaps meant."""
    write(tmp_path, "a.json", portals=[portal("open"), portal("plazza")])
    with pytest.raises(WorldError, match=r"\$\.portals\[1\]\.world: there is no world plazza; did you mean plaza\?"):
        catalogue.load_worlds(tmp_path)


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    """A mistyped folder is no empty one."""
    with pytest.raises(WorldError, match="is not a folder"):
        catalogue.load_worlds(tmp_path / "nowhere")


# --- checking ---------------------------------------------------------------------------------------------------------


def test_a_good_file_is_said_to_be_good(tmp_path: Path) -> None:
    """With what it holds, and exit code 0."""
    path = write(tmp_path, "a.json")
    digest = World.parse(path.read_text()).digest
    assert check(path) == (0, [f"{path}: good: world lab, 0 walls, 0 zones, 0 seats, 1 spawns, digest {digest}"])


def test_bad_files_are_said_with_all_problems(tmp_path: Path) -> None:
    """Good and bad files in one call; exit code 1; a file that cannot be read is a problem like others."""
    good, bad = write(tmp_path, "good.json"), write(tmp_path, "bad.json", name="Bad", walls=5)
    latin = tmp_path / "latin.json"
    latin.write_bytes(b'{"title": "\xe9"}')
    code, said = check(good, bad, latin, tmp_path / "gone.json")
    assert code == 1
    assert said[1:] == [
        f"{bad}: $.name: is not a name; use at most 64 of a-z 0-9 - _, the first a letter or a digit",
        f"{bad}: $.walls: is a number; write a list",
        f"{latin}: is not UTF-8 at byte 11; save it as UTF-8",
        f"{tmp_path / 'gone.json'}: cannot be read: No such file or directory; check its path and rights",
    ]


def test_an_unknown_portal_is_noted_and_no_fault(tmp_path: Path) -> None:
    """The other world may lie in a file that was not named; one that was named is known."""
    alone, other = write(tmp_path, "a.json", portals=[portal("annexe")]), write(tmp_path, "b.json", name="annexe")
    code, said = check(alone)
    assert (code, len(said)) == (0, 2)
    assert "there is no world annexe" in said[1]
    assert all(": good: world " in line for line in check(alone, other)[1])


def test_a_byte_order_mark_is_no_problem(tmp_path: Path) -> None:
    """Some editors write one."""
    path = write(tmp_path, "a.json")
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert check(path)[0] == 0


# --- what ships -------------------------------------------------------------------------------------------------------


def test_the_plaza_has_one_of_each() -> None:
    """The test world shows every rule: privacy, isolation, clearance, capacity, a portal home, things to take."""
    plaza = catalogue.load_worlds(None)["plaza"]
    assert (np.ptp(plaza.bounds_mm, axis=0)).tolist() == [120_000, 10_000, 120_000]
    assert plaza.zone_private.any()
    assert plaza.zone_isolated.any()
    assert plaza.zone_requires.any()
    assert 2 in plaza.zone_capacity
    assert [way.world for way in plaza.portals] == ["plaza"]
    assert {thing.kind for thing in plaza.objects} >= {"folder", "evidence-bag", "passport", "tablet"}
