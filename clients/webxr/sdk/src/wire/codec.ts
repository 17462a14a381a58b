/**
 * Messages to bytes and back, checked against the generated declarations.
 *
 * `decode` accepts exactly what the specification declares and throws `ProtocolError` with the field and its bound for
 * anything else; elements after the last known field are skipped. `encode` trusts its caller. No state.
 */
import { ProtocolError } from "../errors.js";
import { FIELDS, MAX_CLIENT_ARRAY, STRUCTS, TYPES } from "../generated.js";
import type { ClientMessage, Field, Kind, Message, MessageName, ServerMessage } from "../generated.js";
import { Reader, Writer } from "./msgpack.js";

/** Who sent a message. */
export type Sender = "client" | "server";

const MAX_SERVER_ARRAY = 2 ** 16;
const FIRST_SERVER_TYPE = 64;
const NAMES = new Map<number, MessageName>();
for (const name of Object.keys(TYPES) as MessageName[]) NAMES.set(TYPES[name], name);

// eslint-disable-next-line no-control-regex -- control characters are what these look for
const CONTROL = /[\u0000-\u001f\u007f-\u009f]/;
// eslint-disable-next-line no-control-regex -- as above, and a newline is allowed
const CONTROL_BUT_NEWLINE = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/;
const SLUG = /^[a-z0-9][a-z0-9_-]*$/;

type Values = Record<string, unknown>;

// --- encoding --------------------------------------------------------------------------------------------------------

const writer = new Writer();

/** Encode a message as its msgpack array, every value in its shortest form. */
export function encode(message: Message): Uint8Array<ArrayBuffer> {
  const fields = FIELDS[message.type];
  writer.array(1 + fields.length);
  writer.int(TYPES[message.type]);
  writeFields(fields, message as unknown as Values); // the declarations name exactly the members of the message
  return writer.take();
}

function writeFields(fields: readonly Field[], values: Values): void {
  for (const field of fields) write(field.kind, values[field.name]);
}

function write(kind: Kind, value: unknown): void {
  switch (kind.kind) {
    case "int":
      writer.int(value as number);
      break;
    case "bool":
      writer.bool(value as boolean);
      break;
    case "text":
    case "slug":
      writer.text(value as string);
      break;
    case "bin":
      writer.bin(value as Uint8Array);
      break;
    case "list":
      writer.array((value as unknown[]).length);
      for (const item of value as unknown[]) write(kind.item, item);
      break;
    case "struct":
      writer.array(STRUCTS[kind.struct].length);
      writeFields(STRUCTS[kind.struct], value as Values);
      break;
  }
}

// --- decoding --------------------------------------------------------------------------------------------------------

/** Decode and check one message from the server. `bin` fields are views of the payload. */
export function decode(payload: Uint8Array, sender?: "server"): ServerMessage;
export function decode(payload: Uint8Array, sender: "client"): ClientMessage;
export function decode(payload: Uint8Array, sender: Sender = "server"): Message {
  const reader = new Reader(payload, sender === "client" ? MAX_CLIENT_ARRAY : MAX_SERVER_ARRAY);
  const length = reader.array("message");
  if (length === 0) throw new ProtocolError("a message is an array that is not empty");
  const type = reader.int("message type");
  const name = NAMES.get(type);
  if (name === undefined || type < FIRST_SERVER_TYPE !== (sender === "client"))
    throw new ProtocolError(`unknown message type ${type}`);
  const message = readFields(reader, FIELDS[name], length - 1, name, { type: name });
  if (!reader.isDone) throw new ProtocolError(`${name}: bytes after its end`);
  return message as unknown as Message; // every field was read as its declaration says
}

function readFields(reader: Reader, fields: readonly Field[], count: number, path: string, into: Values): Values {
  if (count < fields.length) throw new ProtocolError(`${path}: ${count} fields, expected ${fields.length}`);
  for (const field of fields) into[field.name] = read(reader, field.kind, `${path}.${field.name}`);
  reader.skip(count - fields.length);
  return into;
}

function read(reader: Reader, kind: Kind, path: string): unknown {
  switch (kind.kind) {
    case "int":
      return checkInt(reader.int(path), kind, path);
    case "bool":
      return reader.bool(path);
    case "text":
      return checkText(reader.text(path), kind, path);
    case "slug":
      return checkSlug(reader.text(path), kind, path);
    case "bin":
      return checkBin(reader.bin(path), kind, path);
    case "list":
      return readList(reader, kind, path);
    case "struct":
      return readFields(reader, STRUCTS[kind.struct], reader.array(path), path, {});
  }
}

function readList(reader: Reader, kind: Kind & { kind: "list" }, path: string): unknown[] {
  const count = reader.array(path);
  if (count > kind.max) throw new ProtocolError(`${path}: ${count} items, at most ${kind.max}`);
  const items: unknown[] = [];
  for (let index = 0; index < count; index += 1) items.push(read(reader, kind.item, path));
  return items;
}

function checkInt(value: number, kind: Kind & { kind: "int" }, path: string): number {
  if (value < kind.low || value > kind.high)
    throw new ProtocolError(`${path}: ${value} is not within ${kind.low} to ${kind.high}`);
  return value;
}

function checkText(value: string, kind: Kind & { kind: "text" }, path: string): string {
  const length = codePoints(value);
  if (length < kind.min || length > kind.max)
    throw new ProtocolError(`${path}: ${length} characters, expected ${kind.min} to ${kind.max}`);
  if ((kind.newlines ? CONTROL_BUT_NEWLINE : CONTROL).test(value))
    throw new ProtocolError(`${path}: has a control character`);
  return value;
}

function checkSlug(value: string, kind: Kind & { kind: "slug" }, path: string): string {
  if (value.length < kind.min || value.length > kind.max || (value !== "" && !SLUG.test(value)))
    throw new ProtocolError(`${path}: not a name of at most ${kind.max} of a-z, 0-9, - and _`);
  return value;
}

function checkBin(value: Uint8Array, kind: Kind & { kind: "bin" }, path: string): Uint8Array {
  if (value.length > kind.max) throw new ProtocolError(`${path}: ${value.length} bytes, at most ${kind.max}`);
  return value;
}

/** Count Unicode code points; the text is well-formed, so that every surrogate is one of a pair. */
export function codePoints(text: string): number {
  let count = text.length;
  for (let index = 0; index < text.length; index += 1) {
    if ((text.charCodeAt(index) & 0xfc00) === 0xd800) count -= 1;
  }
  return count;
}
