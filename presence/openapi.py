"""The HTTP interfaces, declared once for whoever calls them: OpenAPI 3.1. Tests hold the server's answers against it.

DOCUMENT is the public port's, OPERATORS_DOCUMENT that of the operators' listener.
"""

from __future__ import annotations

from typing import Any

from presence import __version__
from presence.explain import Reason
from presence.history import Link
from presence.rings import Detail


def _object(**properties: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def _answer(description: str, schema: str) -> dict[str, Any]:
    content = {"application/json": {"schema": {"$ref": f"#/components/schemas/{schema}"}}}
    return {"description": description, "content": content}


MAX_WORLD_BYTES = 2**20

_TEXT = {"type": "string"}
_COUNT = {"type": "integer", "minimum": 0}
_FLAG = {"type": "boolean"}
_DIGEST = {"type": "string", "pattern": "^[0-9a-f]{16}$"}
_SLUG = {"type": "string", "pattern": "^[a-z0-9][a-z0-9_-]{0,63}$"}

_PROBLEM = _object(
    code=_TEXT | {"description": "For programs."},
    reason=_TEXT | {"description": "For people."},
    advice=_TEXT | {"description": "What to do about it."},
)
_TOKEN = {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}

_UNKNOWN = _answer("No token, or one that is not accepted.", "Problem")
_TOO_SOON = _answer("Too many requests from one address.", "Problem")
_NAME = {"name": "name", "in": "path", "required": True, "schema": _SLUG}
_UNCHANGED = {"description": "It is still the one that If-None-Match names."}
_WORLD = {"type": "object", "required": ["name", "title", "bounds", "spawns"]}
_READ_WORLD = {
    "operationId": "readWorld",
    "summary": "Read one world, as docs/worlds.md describes it",
    "description": "Its entity tag is the world's digest, which `joined` names too.",
    "parameters": [_NAME],
    "responses": {
        "200": _answer("The world.", "World"),
        "304": _UNCHANGED,
        "404": _answer("There is no such world.", "Problem"),
    },
}
_BEARER_OR_GUEST: list[dict[str, list[str]]] = [{"token": []}, {}]

DOCUMENT: dict[str, Any] = {
    "openapi": "3.1.0",
    "info": {
        "title": "Presence",
        "version": __version__,
        "summary": "Who is here, as far as the caller may know.",
        "description": "Rooms are entered over WebSocket (GET /v1/connect) or raw TCP: see protocol/SPEC.md. "
        "Every answer about people is filtered by what the caller's token allows. Servers that take guests "
        "also answer without a token.",
    },
    "paths": {
        "/v1/rooms": {
            "get": {
                "operationId": "listRooms",
                "summary": "List the rooms",
                "security": _BEARER_OR_GUEST,
                "responses": {"200": _answer("All rooms.", "Rooms"), "401": _UNKNOWN, "429": _TOO_SOON},
            }
        },
        "/v1/presence": {
            "get": {
                "operationId": "listPeople",
                "summary": "List the people in all rooms whom the caller may see",
                "security": _BEARER_OR_GUEST,
                "responses": {
                    "200": _answer("People, room by room.", "People"),
                    "401": _UNKNOWN,
                    "429": _TOO_SOON,
                },
            }
        },
        "/v1/worlds": {
            "get": {
                "operationId": "listWorlds",
                "summary": "List the worlds that rooms are made from",
                "responses": {"200": _answer("All worlds.", "Worlds")},
            }
        },
        "/v1/worlds/{name}": {"get": _READ_WORLD},
        "/v1/worlds/check": {
            "post": {
                "operationId": "checkWorld",
                "summary": "Say everything that is wrong with a world file",
                "description": "Only on servers that take guests.",
                "requestBody": {
                    "required": True,
                    "description": f"A world as JSON, at most {MAX_WORLD_BYTES} bytes; it may be as wrong as it likes.",
                    "content": {"application/json": {"schema": {}}},
                },
                "responses": {
                    "200": _answer("What is wrong; nothing, if the list is empty.", "Problems"),
                    "403": _answer("This server takes no guests.", "Problem"),
                    "408": _answer("The world did not arrive in time.", "Problem"),
                    "413": _answer("The world is too large.", "Problem"),
                    "429": _TOO_SOON,
                },
            }
        },
        "/v1/connect": {
            "get": {
                "operationId": "connect",
                "summary": "Open a WebSocket",
                "description": "An opening handshake of RFC 6455, optionally with the subprotocol `presence.0`.",
                "responses": {
                    "101": {"description": "The connection speaks WebSocket from here on."},
                    "400": _answer("Not an opening handshake.", "Problem"),
                    "403": _answer("Pages of this origin may not connect.", "Problem"),
                    "426": _answer("Not WebSocket version 13.", "Problem"),
                },
            }
        },
        "/v1/openapi.json": {
            "get": {
                "operationId": "describe",
                "summary": "This document",
                "responses": {"200": _answer("OpenAPI 3.1.", "Document")},
            }
        },
        "/healthz": {
            "get": {
                "operationId": "health",
                "summary": "Tell whether the process works",
                "responses": {"200": _answer("It works.", "Health")},
            }
        },
        "/readyz": {
            "get": {
                "operationId": "readiness",
                "summary": "Tell whether newcomers should be sent here",
                "responses": {
                    "200": _answer("They should.", "Readiness"),
                    "503": _answer("They should not: the server is stopping, or overloaded.", "Problem"),
                },
            }
        },
    },
    "components": {
        "securitySchemes": {"token": _TOKEN},
        "schemas": {
            "Rooms": _object(rooms={"type": "array", "items": {"$ref": "#/components/schemas/Room"}}),
            "Room": _object(
                name=_SLUG,
                world=_SLUG,
                people=_COUNT | {"description": "People the caller may see."},
                capacity=_COUNT,
                locked=_FLAG | {"description": "Closed to newcomers."},
            ),
            "People": _object(people={"type": "array", "items": {"$ref": "#/components/schemas/Person"}}),
            "Person": _object(
                user=_TEXT | {"description": "Stable user id."},
                name=_TEXT,
                agency=_TEXT | {"description": "Empty for guests."},
                country={"type": "string", "pattern": "^([A-Z]{2})?$", "description": "ISO 3166-1; empty for guests."},
                roles={"type": "array", "items": _TEXT},
                guest=_FLAG,
                status={"enum": ["available", "busy", "in_course", "away"]},
                away=_FLAG | {"description": "The connection is lost and the seat is held."},
                room=_SLUG,
            ),
            "Worlds": _object(
                worlds={"type": "array", "items": {"$ref": "#/components/schemas/ListedWorld"}},
            ),
            "ListedWorld": _object(
                name=_SLUG,
                title=_object(en=_TEXT, fr=_TEXT, es=_TEXT, ar=_TEXT),
                digest=_DIGEST | {"description": "Changes whenever the world does."},
            ),
            "World": _WORLD,
            "Problems": _object(problems={"type": "array", "items": {"$ref": "#/components/schemas/Fault"}}),
            "Fault": _object(
                path=_TEXT | {"description": "Where: a JSON path."},
                problem=_TEXT | {"description": "What is wrong."},
                remedy=_TEXT | {"description": "What to do about it."},
            ),
            "Document": {"type": "object", "required": ["openapi", "info", "paths"]},
            "Health": _object(status={"const": "ok"}, version=_TEXT),
            "Readiness": _object(status={"const": "ready"}),
            "Problem": _PROBLEM,
        },
    },
}

# --- the operators' listener ------------------------------------------------------------------------------------------

_TICK = {"type": "integer", "minimum": 0}
_MAYBE_TICK = {"type": ["integer", "null"], "minimum": 0}
_MILLIMETRES = {"type": "number", "minimum": 0}
_EVERY = {"enum": [1, 2, 4, 8, 16, 32]}
_ENTITY = {"type": "integer", "minimum": 1, "maximum": 65535}
_DETAIL = {"enum": [detail.name.lower() for detail in Detail]}
_NO_OPERATOR = _answer("The token does not have the role `operator`.", "Problem")


def _column(item: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": item}


_PLACE_MM = {"type": "array", "items": {"type": "integer"}, "minItems": 3, "maxItems": 3}
_PLACES = {
    "entity": _column(_ENTITY),
    "x_mm": _column({"type": "integer"}),
    "y_mm": _column({"type": "integer"}),
    "z_mm": _column({"type": "integer"}),
    "zone": _column(_COUNT) | {"description": "Numbers in the world's list of zones, from 1; 0 for none."},
}


def _maybe(schema: str) -> dict[str, Any]:
    return {"anyOf": [{"$ref": f"#/components/schemas/{schema}"}, {"type": "null"}]}


def _parameter(name: str, description: str, schema: dict[str, Any], *, is_required: bool = True) -> dict[str, Any]:
    return {"name": name, "in": "query", "required": is_required, "description": description, "schema": schema}


OPERATORS_DOCUMENT: dict[str, Any] = {
    "openapi": "3.1.0",
    "info": {
        "title": "Presence, for operators",
        "version": __version__,
        "summary": "What the server counts, rooms from above, and why one sees another or does not.",
        "description": "Served on the operators' listener (metrics_host, metrics_port) only. What speaks of people "
        "asks for a token with the role `operator`, and tells of places only what its grants cover. Servers that take "
        "guests also answer without a token.",
    },
    "paths": {
        "/metrics": {
            "get": {
                "operationId": "scrape",
                "summary": "Everything that is counted, for Prometheus",
                "responses": {"200": {"description": "Text, or OpenMetrics if that is asked for."}},
            }
        },
        "/ops/explain": {
            "get": {
                "operationId": "explain",
                "summary": "Say what an observer held of a subject at a tick, and why",
                "description": "Worked out again from what the room remembers of its last 600 ticks.",
                "security": _BEARER_OR_GUEST,
                "parameters": [
                    _parameter("room", "Name of the room.", _SLUG),
                    _parameter("observer", "Who sees: an entity id, or the id of a user who is there now.", _TEXT),
                    _parameter("subject", "Who is seen: likewise.", _TEXT),
                    _parameter("tick", "A tick that is remembered; by default the newest.", _TICK, is_required=False),
                ],
                "responses": {
                    "200": _answer("The answer, in sentences and in figures.", "Explanation"),
                    "400": _answer("A parameter is missing, unknown or malformed.", "Problem"),
                    "401": _UNKNOWN,
                    "403": _NO_OPERATOR,
                    "404": _answer("No such room, entity or tick, as far as the caller may know.", "Problem"),
                    "429": _TOO_SOON,
                },
            }
        },
        "/ops/map": {
            "get": {
                "operationId": "showMap",
                "summary": "A page that draws rooms from above, live",
                "description": "It shows what the other answers here hold, and asks for a token where one is needed.",
                "responses": {"200": {"description": "HTML."}, "304": _UNCHANGED},
            }
        },
        "/ops/rooms": {
            "get": {
                "operationId": "listRooms",
                "summary": "List the rooms",
                "security": _BEARER_OR_GUEST,
                "responses": {
                    "200": _answer("All rooms.", "Rooms"),
                    "400": _answer("There are no parameters.", "Problem"),
                    "401": _UNKNOWN,
                    "403": _NO_OPERATOR,
                    "429": _TOO_SOON,
                },
            }
        },
        "/ops/rooms/{name}/map": {
            "get": {
                "operationId": "readMap",
                "summary": "Describe a room as it is now, from above, and what one observer sees",
                "description": "To be asked about once a second. An audit line says that a caller begins to look at "
                "a room, or at what somebody there sees; it begins anew after a minute without a look. Columns of one "
                "object are equally long.",
                "security": _BEARER_OR_GUEST,
                "parameters": [
                    _NAME,
                    _parameter(
                        "observer",
                        "Whose view to tell: an entity id, or the id of a user who is there now.",
                        _TEXT,
                        is_required=False,
                    ),
                ],
                "responses": {
                    "200": _answer("The room, as far as the caller may know.", "Map"),
                    "400": _answer("A parameter is unknown or malformed.", "Problem"),
                    "401": _UNKNOWN,
                    "403": _NO_OPERATOR,
                    "404": _answer("There is no such room.", "Problem"),
                    "429": _TOO_SOON,
                },
            }
        },
        "/v1/worlds/{name}": {"get": _READ_WORLD},
        "/v1/openapi.json": {
            "get": {
                "operationId": "describe",
                "summary": "This document",
                "responses": {"200": _answer("OpenAPI 3.1.", "Document")},
            }
        },
    },
    "components": {
        "securitySchemes": {"token": _TOKEN},
        "schemas": {
            "Rooms": _object(rooms={"type": "array", "items": {"$ref": "#/components/schemas/Room"}}),
            "Room": _object(
                name=_SLUG,
                world=_SLUG,
                people=_COUNT | {"description": "People of whom the caller may be told."},
                capacity=_COUNT,
            ),
            "Map": _object(
                room=_SLUG,
                world=_SLUG,
                digest=_DIGEST | {"description": "The world's: with it changes what /v1/worlds/{name} tells."},
                tick=_TICK,
                tick_hz={"type": "integer", "minimum": 1},
                capacity=_COUNT,
                radius_mm=_COUNT | {"description": "One comes into sight here,"},
                leaving_radius_mm=_COUNT | {"description": "and goes out of it here."},
                rings={"type": "array", "items": {"$ref": "#/components/schemas/Ring"}, "minItems": 1},
                people={"$ref": "#/components/schemas/PeopleColumns"},
                objects={"$ref": "#/components/schemas/ObjectColumns"},
                density={"$ref": "#/components/schemas/Density"},
                observer=_maybe("View") | {"description": "Null where nobody is asked about, or nobody is there."},
            ),
            "Ring": _object(
                reach_mm=_COUNT | {"description": "From the observer to where the ring ends."},
                every_ticks=_EVERY | {"description": "How often it asks for its subjects to be told of."},
                detail=_DETAIL,
            ),
            "PeopleColumns": _object(
                **_PLACES,
                user=_column(_TEXT | {"description": "Stable user id."}),
                name=_column(_TEXT | {"description": "As on the badge."}),
                is_spectator=_column(_FLAG) | {"description": "Whether nobody in the room is told of it."},
                yaw_degrees=_column({"type": "integer", "minimum": 0, "maximum": 359})
                | {"description": "Counter-clockwise from above, 0 along −Z."},
                link=_column({"enum": [link.name.lower() for link in Link if link is not Link.NONE]}),
                budget_bytes_per_s=_column(_COUNT) | {"description": "Of its snapshots."},
                budget_used=_column({"type": "number", "minimum": 0})
                | {"description": "What snapshots took of its budget in the last second or so, as a share."},
                is_short=_column(_FLAG) | {"description": "Whether it wants to see more than its budget carries."},
            ),
            "ObjectColumns": _object(**_PLACES, prop=_column(_SLUG)),
            "Density": _object(
                cell_mm={"type": "integer", "minimum": 1},
                column=_column({"type": "integer"}) | {"description": "Times cell_mm: where the cell begins, x."},
                row=_column({"type": "integer"}) | {"description": "Likewise, z."},
                people=_column({"type": "integer", "minimum": 1}),
            )
            | {"description": "How many people are in each cell of a grid, of cells with anybody in them."},
            "View": _object(
                entity=_ENTITY,
                viewpoints_mm={"type": "array", "items": _PLACE_MM}
                | {"description": "Places that it sees from besides its own."},
                subject=_column(_ENTITY),
                every_ticks=_column(_EVERY) | {"description": "How often it is told of each."},
                detail=_column(_DETAIL),
            )
            | {"description": "Whom an observer has been told that it sees."},
            "World": _WORLD,
            "Explanation": _object(
                room=_SLUG,
                tick=_TICK,
                observer={"$ref": "#/components/schemas/Party"},
                subject={"$ref": "#/components/schemas/Party"},
                is_held=_FLAG | {"description": "Whether the observer had been told that it sees the subject."},
                reason={"enum": [reason.value for reason in Reason]},
                pose_tick=_MAYBE_TICK | {"description": "When the pose that the observer holds came to be."},
                link={"enum": [link.name.lower() for link in Link]},
                now={"$ref": "#/components/schemas/Sight"},
                looked_tick=_MAYBE_TICK | {"description": "When the observer last looked around and was told."},
                looked=_maybe("Sight") | {"description": "What stood between the two then."},
                next_look_tick=_TICK | {"description": "The observer's next turn to look around."},
                plan=_maybe("Share")
                | {"description": "How often the observer is told of the subject; null for never."},
                radius_mm=_COUNT | {"description": "One comes into sight here, and goes out of it at 1.15 times that."},
                cell_mm=_COUNT | {"description": "Width of the grid's cells."},
                sentences={"type": "array", "items": _TEXT, "description": "All of it in words, the answer first."},
            ),
            "Party": _object(
                entity=_ENTITY,
                user=_TEXT | {"description": "User id; empty for objects and for who has left."},
                place_mm=_PLACE_MM,
                zone=_TEXT | {"description": "Empty for none."},
                cell={"type": "array", "items": _COUNT, "minItems": 2, "maxItems": 2},
            ),
            "Sight": _object(
                tick=_TICK,
                distance_mm=_MILLIMETRES,
                is_within_radius=_FLAG,
                is_within_leaving_radius=_FLAG,
                is_blocked=_FLAG,
                missing_clearances={"type": "array", "items": _TEXT},
                is_isolated=_FLAG,
                is_spectator=_FLAG | {"description": "Whether the subject is one: nobody is shown it."},
                viewpoints=_COUNT | {"description": "Places that the observer looked from besides its own."},
                is_pinned=_FLAG | {"description": "Whether the subject is in the observer's sight at any distance."},
            ),
            "Share": _object(
                tick=_TICK | {"description": "When this was planned."},
                ring={"type": "integer", "minimum": 1},
                detail=_DETAIL,
                ring_every_ticks=_EVERY | {"description": "What the ring asks for."},
                every_ticks=_EVERY | {"description": "What the observer's budget leaves of it."},
                budget_bytes_per_s=_COUNT | {"description": "The observer's, of snapshots."},
            ),
            "Problem": _PROBLEM,
            "Document": {"type": "object", "required": ["openapi", "info", "paths"]},
        },
    },
}
