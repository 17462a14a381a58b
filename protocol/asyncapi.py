"""asyncapi.json: the protocol as an AsyncAPI 3.0 document, from the declarations.

Written from the server's point of view: it receives what clients send. One channel for commands and one for each lane;
payloads are described as the JSON form of the msgpack arrays, with `bin` as base64. Pure: returns plain data.
"""

from __future__ import annotations

import base64
from typing import Any

from protocol import schema
from protocol.examples import EXAMPLES
from protocol.schema import MESSAGES, Bin, Bool, Field, Int, Kind, Lane, Many, Sender, Slug, Spec, Struct, Text
from protocol.tables import cls_doc, plain_value

COMMANDS = "commands"
_CHANNELS = {
    COMMANDS: "What clients send. In order, on the connection.",
    Lane.CONTROL.value: "About the connection itself; never repeated.",
    Lane.EVENTS.value: "Ordered, numbered, kept until acknowledged, repeated after a resume.",
    Lane.POSES.value: "Latest wins: there is no queue.",
}

Json = dict[str, Any]


def document() -> Json:
    """Return the whole document."""
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Presence",
            "version": f"{schema.MAJOR}.{schema.MINOR}",
            "description": "The realtime protocol of a Presence server. SPEC.md is normative; this document is "
            "generated from the same declarations.",
            "license": {"name": "MIT"},
        },
        "defaultContentType": "application/vnd.msgpack",
        "servers": _servers(),
        "channels": {name: _channel(name, text) for name, text in _CHANNELS.items()},
        "operations": {spec.name: _operation(spec) for spec in MESSAGES.values()},
        "components": {
            "messages": {spec.name: _message(spec) for spec in MESSAGES.values()},
            "schemas": {cls.__name__.lower(): _struct(cls) for cls in schema.STRUCTS},
        },
    }


def _servers() -> Json:
    host = {"host": {"description": "host and port", "default": "127.0.0.1:8080"}}
    tcp = {"host": {"description": "host and port", "default": "127.0.0.1:8081"}}
    return {
        "websocket": {
            "host": "{host}",
            "pathname": "/v1/connect",
            "protocol": "ws",
            "description": "One message in each binary message; `wss` beyond loopback.",
            "variables": host,
        },
        "tcp": {
            "host": "{host}",
            "protocol": "tcp",
            "description": "One message after each 32-bit big-endian length; TLS beyond loopback.",
            "variables": tcp,
        },
    }


def _channel(name: str, description: str) -> Json:
    messages = {spec.name: _ref("components/messages", spec.name) for spec in MESSAGES.values() if _on(spec) == name}
    return {"address": None, "description": description, "messages": messages}


def _on(spec: Spec) -> str:
    return COMMANDS if spec.sender is Sender.CLIENT else spec.lane.value


def _operation(spec: Spec) -> Json:
    return {
        "action": "receive" if spec.sender is Sender.CLIENT else "send",
        "channel": _ref("channels", _on(spec)),
        "messages": [_ref(f"channels/{_on(spec)}/messages", spec.name)],
    }


def _ref(where: str, name: str) -> Json:
    return {"$ref": f"#/{where}/{name}"}


def _message(spec: Spec) -> Json:
    message: Json = {
        "name": spec.name,
        "summary": cls_doc(spec.cls),
        "payload": _array(spec.fields, [{"title": "type", "const": spec.type}]),
        "examples": [
            {"name": example.title, "payload": _payload(example.message)}
            for example in EXAMPLES
            if example.name == spec.name
        ],
    }
    if spec.rate is not None:
        message["x-states"] = [state.value for state in spec.states]
        message["x-rate"] = {"per_s": spec.rate.per_s, "burst": spec.rate.burst}
    return message


def _payload(message: Any) -> list[Any]:
    spec = schema.SPEC_OF[type(message)]
    return [spec.type, *(_json_value(getattr(message, field.name), field.kind) for field in spec.fields)]


def _json_value(value: Any, kind: Kind) -> Any:
    return base64.b64encode(value).decode() if isinstance(kind, Bin) else plain_value(value, kind)


# --- payload schemas --------------------------------------------------------------------------------------------------


def _struct(cls: type[Any]) -> Json:
    return {"title": cls.__name__.lower(), "description": cls_doc(cls), **_array(schema.fields_of(cls), [])}


def _array(fields: tuple[Field, ...], first: list[Json]) -> Json:
    items = first + [{"title": field.name, "description": field.doc, **_schema(field.kind)} for field in fields]
    return {"type": "array", "items": items, "minItems": len(items), "additionalItems": True}


def _schema(kind: Kind) -> Json:
    match kind:
        case Int(low, high):
            made: Json = {"type": "integer", "minimum": low, "maximum": high}
        case Bool():
            made = {"type": "boolean"}
        case Text(max_chars, min_chars, multiline):
            allowed = r"[^\u0000-\u0009\u000b-\u001f\u007f-\u009f]" if multiline else r"[^\u0000-\u001f\u007f-\u009f]"
            made = {"type": "string", "minLength": min_chars, "maxLength": max_chars, "pattern": f"^{allowed}*$"}
        case Slug(max_chars, optional):
            word = "[a-z0-9][a-z0-9_-]*"
            made = {"type": "string", "maxLength": max_chars, "pattern": f"^({word})?$" if optional else f"^{word}$"}
        case Bin(max_bytes):
            base64_chars = -(-max_bytes // 3) * 4
            made = {"type": "string", "contentEncoding": "base64", "maxLength": base64_chars}
        case Many(item, max_items):
            made = {"type": "array", "items": _schema(item), "maxItems": max_items}
        case Struct(cls):
            made = _ref("components/schemas", cls.__name__.lower())
    return made
