"""presence.openapi: the document itself; tests/integration/test_http.py holds the server's answers against it."""

from __future__ import annotations

import json
import re
from typing import Any

import jsonschema
import pytest

from presence.openapi import DOCUMENT

SCHEMAS: dict[str, Any] = DOCUMENT["components"]["schemas"]
REFERENCE = re.compile(r'"#/components/schemas/(\w+)"')


@pytest.mark.parametrize("name", SCHEMAS)
def test_every_schema_is_json_schema(name: str) -> None:
    """OpenAPI 3.1 takes the JSON Schema dialect of 2020-12."""
    jsonschema.Draft202012Validator.check_schema(SCHEMAS[name])


def test_references_and_schemas_match() -> None:
    """Every reference leads to a schema, and every schema is referred to."""
    assert set(REFERENCE.findall(json.dumps(DOCUMENT))) == set(SCHEMAS)


def test_every_operation_is_described() -> None:
    """Each has an id of its own, a summary, and answers with descriptions."""
    operations = [operation for path in DOCUMENT["paths"].values() for operation in path.values()]
    assert len({operation["operationId"] for operation in operations}) == len(operations)
    for operation in operations:
        assert operation["summary"]
        assert all(answer["description"] for answer in operation["responses"].values())


def test_objects_are_closed() -> None:
    """An undeclared property is noticed by the tests that hold answers against this."""
    strangers = [name for name, schema in SCHEMAS.items() if schema.get("additionalProperties") is not False]
    assert strangers == ["World", "Document"]
