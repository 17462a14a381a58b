"""presence.openapi: the document itself; tests/integration/test_http.py holds the server's answers against it."""

from __future__ import annotations

import json
import re
from typing import Any

import jsonschema
import pytest

from presence.openapi import DOCUMENT, OPERATORS_DOCUMENT

DOCUMENTS = (DOCUMENT, OPERATORS_DOCUMENT)
REFERENCE = re.compile(r'"#/components/schemas/(\w+)"')

each_document = pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: document["info"]["title"])


@each_document
def test_every_schema_is_json_schema(document: dict[str, Any]) -> None:
    """OpenAPI 3.1 takes the JSON Schema dialect of 2020-12."""
    for schema in document["components"]["schemas"].values():
        jsonschema.Draft202012Validator.check_schema(schema)


@each_document
def test_references_and_schemas_match(document: dict[str, Any]) -> None:
    """Every reference leads to a schema, and every schema is referred to."""
    assert set(REFERENCE.findall(json.dumps(document))) == set(document["components"]["schemas"])


@each_document
def test_every_operation_is_described(document: dict[str, Any]) -> None:
    """Each has an id of its own, a summary, and answers with descriptions."""
    operations = [operation for path in document["paths"].values() for operation in path.values()]
    assert len({operation["operationId"] for operation in operations}) == len(operations)
    for operation in operations:
        assert operation["summary"]
        assert all(answer["description"] for answer in operation["responses"].values())


@each_document
def test_objects_are_closed(document: dict[str, Any]) -> None:
    """An undeclared property is noticed by the tests that hold answers against this."""
    schemas = document["components"]["schemas"]
    strangers = {name for name, schema in schemas.items() if schema.get("additionalProperties") is not False}
    assert strangers <= {"World", "Document"}
