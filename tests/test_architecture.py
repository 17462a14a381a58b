"""The direction of imports, read from the source: what keeps the core pure and ARCHITECTURE.md's map true.

`protocol` stands below everything, pure modules below edges, edges below the command line; clients,
benchmarks and the oracle share nothing with the server. Every file of the server is placed in one of the lists here.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = {
    "benchmarks": ROOT / "benchmarks",
    "presence": ROOT / "presence",
    "presence_client": ROOT / "clients/python/presence_client",
    "protocol": ROOT / "protocol",
    "tests": ROOT / "tests",
}

# They take `now`, bytes and random generators as arguments, and touch nothing outside the process.
PURE = {
    "presence",
    "presence.addresses",
    "presence.budget",
    "presence.checked_json",
    "presence.entities",
    "presence.explain",
    "presence.geometry",
    "presence.history",
    "presence.hub",
    "presence.identity",
    "presence.inbox",
    "presence.interest",
    "presence.kernels",
    "presence.limits",
    "presence.load",
    "presence.moderation",
    "presence.movement",
    "presence.objects",
    "presence.openapi",
    "presence.outbox",
    "presence.overview",
    "presence.permission",
    "presence.pins",
    "presence.viewpoints",
    "presence.rings",
    "presence.room",
    "presence.roster",
    "presence.session",
    "presence.snapshot",
    "presence.speech",
    "presence.streams",
    "presence.state",
    "presence.traffic",
    "presence.views",
    "presence.wire",
    "presence.world",
    "presence.world_document",
    "presence.world_parts",
    "presence.world_scenery",
}
# They touch sockets, files, clocks or the process.
EDGES = {
    "presence.bots",
    "presence.catalogue",
    "presence.certificate",
    "presence.config",
    "presence.connection",
    "presence.enquiry",
    "presence.http",
    "presence.intake",
    "presence.journal",
    "presence.keys",
    "presence.logs",
    "presence.metrics",
    "presence.operators",
    "presence.pages",
    "presence.problem",
    "presence.proxies",
    "presence.server",
    "presence.sockets",
    "presence.tcp",
    "presence.ticker",
    "presence.tls",
    "presence.upgrade",
    "presence.websocket",
}
# They see everything, and nobody imports them.
COMPOSITION = {"presence.__main__", "presence.cli"}

PURE_THIRD_PARTY = {"numpy"}
# Verifying a signature is computation: the keys and the time are handed in. So is a compiled loop.
OF_ONE = {"presence.identity": {"cryptography", "jwt"}, "presence.kernels": {"numba"}}
PROTOCOL_THIRD_PARTY = {"msgpack", "numpy"}
CLIENT_THIRD_PARTY = {"aiohttp", "numpy", "rich", "uvloop"}
IMPURE = {
    "asyncio",
    "concurrent",
    "datetime",
    "http",
    "io",
    "logging",
    "multiprocessing",
    "os",
    "pathlib",
    "queue",
    "secrets",
    "select",
    "selectors",
    "shutil",
    "signal",
    "socket",
    "socketserver",
    "ssl",
    "subprocess",
    "sys",
    "tempfile",
    "threading",
    "time",
    "urllib.request",
    "uuid",
}
IMPURE_CALLS = {"input", "open", "print"}
# A generator that is handed in is repeatable; the module's own is shared by everybody and seeded by nobody.
RANDOM_TYPES = {"random.Random", "numpy.random.Generator", "np.random.Generator"}


def modules_of(package: str) -> dict[str, ast.Module]:
    """Parse every module of a package, by its dotted name; generated data and caches are not modules."""
    folder = PACKAGES[package]
    parsed = {}
    for path in sorted(folder.rglob("*.py")):
        parts = path.relative_to(folder).with_suffix("").parts
        name = ".".join((package, *parts)).removesuffix(".__init__")
        parsed[name] = ast.parse(path.read_text(), str(path))
    return parsed


SERVER = modules_of("presence")
PROTOCOL = modules_of("protocol")
CLIENT = modules_of("presence_client")
BENCHMARKS = modules_of("benchmarks")
OURS = {*SERVER, *PROTOCOL, *CLIENT, *BENCHMARKS}


def imports(tree: ast.AST) -> set[str]:
    """Name every module that is imported anywhere in `tree`, inside functions and for type checkers too."""
    found = set()
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names):
                found |= {alias.name for alias in names}
            case ast.ImportFrom(level=0, module=str(module), names=names):
                for alias in names:
                    below = f"{module}.{alias.name}"
                    found.add(below if below in OURS else module)
            case ast.ImportFrom():
                raise AssertionError(f"a relative import in line {node.lineno}: name the package")
    return found


def imports_when_run(tree: ast.Module) -> set[str]:
    """Name the modules that importing this one imports: neither in functions nor for type checkers only."""
    at_once = [node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
    return imports(ast.Module(body=list(at_once), type_ignores=[]))


def package_of(module: str) -> str:
    """Return the first part of a dotted name."""
    return module.partition(".")[0]


def is_ours(module: str) -> bool:
    """Tell whether a module belongs to this repository."""
    return package_of(module) in PACKAGES


def third_party(tree: ast.AST) -> set[str]:
    """Name the packages that must be installed for `tree`."""
    return {
        package_of(name)
        for name in imports(tree)
        if not is_ours(name) and package_of(name) not in sys.stdlib_module_names
    }


def ours(tree: ast.AST) -> set[str]:
    """Name the imported modules that belong to this repository."""
    return {name for name in imports(tree) if is_ours(name)}


def impurities(tree: ast.AST) -> list[str]:
    """List what reaches outside: modules that touch the world, files, the terminal, shared randomness."""
    named = sorted(name for name in imports(tree) if {name, package_of(name)} & IMPURE)
    return named + list(_impure_uses(tree))


def _impure_uses(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Name(id=name)) if name in IMPURE_CALLS:
                yield f"{name}() in line {node.lineno}"
            case ast.ImportFrom(module="random" | "numpy.random" as module, names=names):
                for alias in names:
                    if f"{module}.{alias.name}" not in RANDOM_TYPES:
                        yield f"{module}.{alias.name} in line {node.lineno}"
            case ast.Attribute(value=ast.Name(id="random") | ast.Attribute(attr="random")):
                if ast.unparse(node) not in RANDOM_TYPES:
                    yield f"{ast.unparse(node)} in line {node.lineno}"


def test_every_module_of_the_server_is_placed() -> None:
    """A new file is pure, an edge, or part of the command line; it says so here, and only once."""
    placed = [*PURE, *EDGES, *COMPOSITION]
    assert sorted(placed) == sorted(SERVER)


@pytest.mark.parametrize("name", sorted(PURE | (PROTOCOL.keys() - {"protocol.generate"})))
def test_pure_modules_touch_nothing(name: str) -> None:
    """No clock, socket, file, log, environment or shared randomness in the core or the protocol."""
    tree = (SERVER | PROTOCOL)[name]
    assert impurities(tree) == []


@pytest.mark.parametrize("name", sorted(PURE))
def test_pure_modules_stand_on_pure_ones(name: str) -> None:
    """The core imports numpy, the protocol and itself; signatures and compiled loops, one more each."""
    tree = SERVER[name]
    assert ours(tree) <= PURE | PROTOCOL.keys() - {"protocol.generate"}
    assert third_party(tree) <= PURE_THIRD_PARTY | OF_ONE.get(name, set())


def test_compiled_loops_stand_alone() -> None:
    """What was compiled is kept under the digest of its own file: a change elsewhere would go unnoticed."""
    assert ours(SERVER["presence.kernels"]) == set()
    assert ours(SERVER["presence.streams"]) == {"presence.kernels"}  # what compiles


@pytest.mark.parametrize("name", sorted(EDGES))
def test_edges_stand_below_the_command_line(name: str) -> None:
    """An edge imports the core, the protocol and other edges: no client, no benchmark, no command line."""
    assert ours(SERVER[name]) <= PURE | EDGES | PROTOCOL.keys()


@pytest.mark.parametrize("name", sorted(PROTOCOL))
def test_the_protocol_stands_on_nothing_of_ours(name: str) -> None:
    """The protocol imports msgpack, numpy, the standard library and itself."""
    assert ours(PROTOCOL[name]) <= PROTOCOL.keys()
    assert third_party(PROTOCOL[name]) <= PROTOCOL_THIRD_PARTY


@pytest.mark.parametrize("name", sorted(CLIENT))
def test_the_client_knows_the_protocol_only(name: str) -> None:
    """The Python SDK shares no code with the server, and asks for little to be installed."""
    assert ours(CLIENT[name]) <= CLIENT.keys() | PROTOCOL.keys()
    assert third_party(CLIENT[name]) <= CLIENT_THIRD_PARTY


@pytest.mark.parametrize("name", sorted(BENCHMARKS))
def test_benchmarks_and_oracle_know_the_protocol_only(name: str) -> None:
    """What judges the server shares no code with it, and so cannot inherit its mistakes."""
    assert ours(BENCHMARKS[name]) <= BENCHMARKS.keys() | PROTOCOL.keys()


def test_nothing_imports_in_a_circle() -> None:
    """Imports go downward: in no package does a module reach itself."""
    graph = {name: imports_when_run(tree) & OURS for name, tree in (SERVER | PROTOCOL | CLIENT | BENCHMARKS).items()}
    assert len(list(TopologicalSorter(graph).static_order())) >= len(graph)


@pytest.mark.parametrize(
    "source",
    [
        "import time",
        "from os import path",
        "def f():\n    import urllib.request",
        "open('x')",
        "import random\nrandom.random()",
        "from random import randint",
        "import numpy as np\nnp.random.default_rng()",
        "import numpy as np\nnp.random.rand(3)",
    ],
)
def test_an_impurity_is_seen(source: str) -> None:
    """The check above catches each way out that it exists for."""
    assert impurities(ast.parse(source)) != []


@pytest.mark.parametrize(
    "source",
    [
        "from random import Random",
        "import numpy as np\ndef f(g: np.random.Generator): return g.random()",
        "def f(rng):\n    return rng.random()",
        "from urllib.parse import urlsplit",
    ],
)
def test_a_generator_that_is_handed_in_is_pure(source: str) -> None:
    """The check above lets repeatable randomness and computation pass."""
    assert impurities(ast.parse(source)) == []
