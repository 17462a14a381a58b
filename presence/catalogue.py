"""Finds world files and makes worlds of them: those that ship with the package, and an operator's own.

Owns where world files lie, how they are read and how their problems are reported; what they may hold is for
`world_document.py` to say. Stands at start-up and behind `presence world check`, never in a tick.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final, TextIO

from presence.checked_json import Problem, suggestion
from presence.world import World, WorldError

SHIPPED_WORLDS: Final = Path(__file__).with_name("worlds")


def load_worlds(extra_dir: Path | None) -> dict[str, World]:
    """Every shipped world and every world of `extra_dir`, by name. An own world replaces a shipped one.

    Worlds are the files `*.json`, except `*.schema.json`. Raises WorldError with the problems of all files:
    what cannot be read, what is wrong in it, a name taken twice in one folder, a portal that leads nowhere.
    """
    problems: list[Problem] = []
    worlds = _read_folder(SHIPPED_WORLDS, problems)
    if extra_dir is not None:
        worlds |= _read_folder(extra_dir, problems)
    if not problems:
        problems += [problem for path, world in worlds.values() for problem in _dead_portals(path, world, worlds)]
    if problems:
        raise WorldError(problems)
    return {name: world for name, (_, world) in worlds.items()}


def check(paths: Sequence[Path], out: TextIO) -> int:
    """Say of each world file that it is good, or everything that is wrong with it. Returns 1 if any is wrong.

    A portal to a world that is neither shipped nor among `paths` is noted, and is no fault of the file.
    """
    problems: list[Problem] = []
    worlds = _read_files(paths, problems)
    known = _read_folder(SHIPPED_WORLDS, []) | worlds
    for path, world in worlds.values():
        counts = f"{len(world.walls_mm)} walls, {len(world.zones)} zones, {len(world.seats_mm)} seats, "
        counts += f"{len(world.spawns_mm)} spawns"
        print(f"{path}: good: world {world.name}, {counts}, digest {world.digest}", file=out)
        for problem in _dead_portals(path, world, known):
            print(f"{problem} (no fault of this file)", file=out)
    for problem in problems:
        print(problem, file=out)
    return 1 if problems else 0


_Worlds = dict[str, tuple[Path, World]]


def _read_folder(folder: Path, problems: list[Problem]) -> _Worlds:
    if not folder.is_dir():
        problems.append(Problem(str(folder), "is not a folder", "name a folder of world files"))
    paths = [path for path in sorted(folder.glob("*.json")) if not path.name.endswith(".schema.json")]
    return _read_files(paths, problems)


def _read_files(paths: Sequence[Path], problems: list[Problem]) -> _Worlds:
    worlds: _Worlds = {}
    for path in paths:
        world = _read_file(path, problems)
        if world is not None and world.name in worlds:
            what = f"names the world {world.name}, as {worlds[world.name][0]} does"
            problems.append(Problem(f"{path}: $.name", what, "name them apart"))
        elif world is not None:
            worlds[world.name] = (path, world)
    return worlds


def _read_file(path: Path, problems: list[Problem]) -> World | None:
    try:
        return World.parse(path.read_text("utf-8-sig"))
    except WorldError as error:
        problems += [problem._replace(path=f"{path}: {problem.path}") for problem in error.problems]
    except UnicodeDecodeError as error:
        problems.append(Problem(str(path), f"is not UTF-8 at byte {error.start}", "save it as UTF-8"))
    except OSError as error:
        problems.append(Problem(str(path), f"cannot be read: {error.strerror}", "check its path and rights"))
    return None


def _dead_portals(path: Path, world: World, known: Mapping[str, object]) -> Iterator[Problem]:
    for i, portal in enumerate(world.portals):
        if portal.world not in known:
            remedy = suggestion(portal.world, list(known), "add that world, or lead to one of ")
            yield Problem(f"{path}: $.portals[{i}].world", f"there is no world {portal.world}", remedy)
