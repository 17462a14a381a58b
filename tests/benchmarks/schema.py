"""Results against their published schema."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

FILE = Path(__file__).resolve().parents[2] / "benchmarks/result.schema.json"
SCHEMA: dict[str, Any] = json.loads(FILE.read_text("utf-8"))


def faults(result: Any) -> list[str]:
    """List what of a result, as it is printed, the schema does not allow: of the kind that its scenario says it is."""
    kinds = SCHEMA["$defs"]
    kind = next(name for name in ("stages", "capacity", "compare", "soak", "run") if _is_named(kinds[name], result))
    checked = Draft202012Validator({"$ref": f"#/$defs/{kind}", "$defs": kinds})
    found = [f"{'/'.join(map(str, fault.path))}: {fault.message}" for fault in checked.iter_errors(result)]
    assert Draft202012Validator(SCHEMA).is_valid(result) is (not found)
    return found


def _is_named(kind: dict[str, Any], result: Any) -> bool:
    named = kind["properties"]["scenario"]
    return bool(result["scenario"] in named.get("enum", [named.get("const")]))
