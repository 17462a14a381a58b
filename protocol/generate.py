"""Writes what is derived from the declarations: SPEC.md's blocks, asyncapi.json and generated.ts.

    python -m protocol.generate           write them
    python -m protocol.generate --check   name the stale ones and exit 1

The only module of the protocol that touches files. A block of SPEC.md stands between `<!-- generated: NAME -->` and
`<!-- end -->`; everything else there is written by hand and left alone.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from protocol import asyncapi, tables, typescript

FOLDER = Path(__file__).resolve().parent
SPEC = FOLDER / "SPEC.md"
TYPESCRIPT = FOLDER.parent / "clients" / "webxr" / "sdk" / "src" / "generated.ts"
ASYNCAPI = FOLDER / "generated" / "asyncapi.json"

_BLOCK = re.compile(r"<!-- generated: ([^\n]+) -->\n(?:.*?\n)??<!-- end -->", re.DOTALL)


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the derived files, or compare them; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m protocol.generate", description="Write the derived files.")
    parser.add_argument("--check", action="store_true", help="change nothing; name stale files and exit 1")
    is_check = parser.parse_args(arguments).check
    stale = [path for path, text in fresh().items() if not path.is_file() or path.read_text() != text]
    for path in stale:
        shown = path.relative_to(FOLDER.parent)
        if is_check:
            print(f"{shown} is stale: run `python -m protocol.generate`", file=sys.stderr)
        else:
            path.parent.mkdir(exist_ok=True)
            path.write_text(fresh()[path])
            print(f"wrote {shown}")
    return int(is_check and bool(stale))


def fresh() -> dict[Path, str]:
    """Return what each derived file should hold. Raises ValueError where SPEC.md lacks a block, or has one twice."""
    return {
        SPEC: filled(SPEC.read_text(), tables.blocks()),
        TYPESCRIPT: typescript.module(),
        ASYNCAPI: json.dumps(asyncapi.document(), indent=2, ensure_ascii=False) + "\n",
    }


def filled(text: str, blocks: Mapping[str, str]) -> str:
    """Put every block between its markers. Raises ValueError unless each has its place, once."""
    found = _BLOCK.findall(text)
    if sorted(found) != sorted(blocks):
        missing, unknown = set(blocks) - set(found), set(found) - set(blocks)
        raise ValueError(f"no place for {sorted(missing)}, no such block {sorted(unknown)}, or one twice")
    return _BLOCK.sub(lambda match: f"<!-- generated: {match[1]} -->\n{blocks[match[1]]}\n<!-- end -->", text)


if __name__ == "__main__":
    sys.exit(main())
