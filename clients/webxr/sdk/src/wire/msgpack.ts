/**
 * The five families of msgpack that the protocol uses: integers, booleans, str, bin and arrays (SPEC section 4).
 *
 * Reads every form of a value, writes the shortest. Knows no message; `codec.ts` says what is expected where.
 */
import { ProtocolError } from "../errors.js";

const UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const UTF8_BYTES = new TextEncoder();
const TWO_32 = 2 ** 32;

/** Writes values one after the other. */
export class Writer {
  private bytes = new Uint8Array(256);
  private view = new DataView(this.bytes.buffer);
  private length = 0;

  /** Return what was written, and start over. */
  take(): Uint8Array<ArrayBuffer> {
    const taken = this.bytes.slice(0, this.length);
    this.length = 0;
    return taken;
  }

  array(length: number): void {
    if (length < 16) this.put8(0x90 | length);
    else this.sized(0xdc, length, 1);
  }

  bool(value: boolean): void {
    this.put8(value ? 0xc3 : 0xc2);
  }

  /** Write an integer of at most 53 bits. */
  int(value: number): void {
    if (value >= 0) this.unsigned(value);
    else this.negative(value);
  }

  text(value: string): void {
    const bytes = UTF8_BYTES.encode(value);
    if (bytes.length < 32) this.put8(0xa0 | bytes.length);
    else this.sized(0xd9, bytes.length, 0);
    this.raw(bytes);
  }

  bin(value: Uint8Array): void {
    this.sized(0xc4, value.length, 0);
    this.raw(value);
  }

  private unsigned(value: number): void {
    if (value < 0x80) this.put8(value);
    else if (value < TWO_32) this.sized(0xcc, value, 0);
    else {
      this.put8(0xcf);
      this.put32(Math.floor(value / TWO_32));
      this.put32(value % TWO_32);
    }
  }

  private negative(value: number): void {
    if (value >= -0x20) this.put8(value & 0xff);
    else if (value >= -0x80) {
      this.put8(0xd0);
      this.put8(value & 0xff);
    } else if (value >= -0x8000) {
      this.put8(0xd1);
      this.put16(value & 0xffff);
    } else if (value >= -0x8000_0000) {
      this.put8(0xd2);
      this.put32(value >>> 0);
    } else {
      this.put8(0xd3);
      this.put32(Math.floor(value / TWO_32) >>> 0);
      this.put32(value - Math.floor(value / TWO_32) * TWO_32);
    }
  }

  /** Write a marker and an unsigned number in 1, 2 or 4 bytes. `least`: 0 where a form of one byte exists. */
  private sized(marker: number, value: number, least: 0 | 1): void {
    if (least === 0 && value < 0x100) {
      this.put8(marker);
      this.put8(value);
    } else if (value < 0x1_0000) {
      this.put8(marker + 1 - least);
      this.put16(value);
    } else {
      this.put8(marker + 2 - least);
      this.put32(value);
    }
  }

  private put8(value: number): void {
    this.reserve(1);
    this.view.setUint8(this.length, value);
    this.length += 1;
  }

  private put16(value: number): void {
    this.reserve(2);
    this.view.setUint16(this.length, value);
    this.length += 2;
  }

  private put32(value: number): void {
    this.reserve(4);
    this.view.setUint32(this.length, value);
    this.length += 4;
  }

  private raw(bytes: Uint8Array): void {
    this.reserve(bytes.length);
    this.bytes.set(bytes, this.length);
    this.length += bytes.length;
  }

  private reserve(more: number): void {
    if (this.length + more <= this.bytes.length) return;
    const grown = new Uint8Array(Math.max(this.bytes.length * 2, this.length + more));
    grown.set(this.bytes);
    this.bytes = grown;
    this.view = new DataView(grown.buffer);
  }
}

/** Reads values one after the other. Everything that does not fit throws `ProtocolError`. */
export class Reader {
  private at = 0;
  private readonly view: DataView;
  private readonly bytes: Uint8Array;
  private readonly maxItems: number;

  /** `maxItems`: the most elements that one array may announce. */
  constructor(bytes: Uint8Array, maxItems: number) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.maxItems = maxItems;
  }

  /** Whether everything was read. */
  get isDone(): boolean {
    return this.at === this.bytes.length;
  }

  /** Read an array's header: how many elements follow. `what` names it in errors. */
  array(what: string): number {
    const marker = this.marker();
    const length = this.arrayLength(marker);
    if (length < 0) throw wrong(what, "an array", marker);
    return length;
  }

  int(what: string): number {
    const marker = this.marker();
    const value = this.intAfter(marker);
    if (value === undefined) throw wrong(what, "an integer", marker);
    return value;
  }

  bool(what: string): boolean {
    const marker = this.marker();
    if (marker !== 0xc2 && marker !== 0xc3) throw wrong(what, "true or false", marker);
    return marker === 0xc3;
  }

  text(what: string): string {
    const marker = this.marker();
    const length = this.textLength(marker);
    if (length < 0) throw wrong(what, "text", marker);
    return decoded(this.take(length));
  }

  /** Read a bin, as a view of the payload. */
  bin(what: string): Uint8Array {
    const marker = this.marker();
    if (marker < 0xc4 || marker > 0xc6) throw wrong(what, "binary", marker);
    return this.take(this.unsigned(1 << (marker - 0xc4)));
  }

  /** Skip values that are of these families, or nil or floats: what a newer minor version may append. */
  skip(values: number): void {
    for (let left = values; left > 0; left -= 1) {
      const marker = this.marker();
      const items = this.arrayLength(marker);
      if (items >= 0) left += items;
      else this.skipScalar(marker);
    }
  }

  private skipScalar(marker: number): void {
    const length = this.textLength(marker);
    if (length >= 0) decoded(this.take(length));
    else if (marker >= 0xc4 && marker <= 0xc6) this.take(this.unsigned(1 << (marker - 0xc4)));
    else if (marker === 0xca) this.take(4);
    else if (marker === 0xcb) this.take(8);
    else if (marker !== 0xc0 && marker !== 0xc2 && marker !== 0xc3 && this.intAfter(marker) === undefined)
      throw new ProtocolError("maps and extensions never occur");
  }

  /** The length that an array's header announces; -1 where the marker begins no array. */
  private arrayLength(marker: number): number {
    if ((marker & 0xf0) !== 0x90 && marker !== 0xdc && marker !== 0xdd) return -1;
    const length = (marker & 0xf0) === 0x90 ? marker & 0x0f : this.unsigned(marker === 0xdc ? 2 : 4);
    if (length > this.maxItems) throw new ProtocolError(`an array of ${length} elements, at most ${this.maxItems}`);
    return length;
  }

  private textLength(marker: number): number {
    if ((marker & 0xe0) === 0xa0) return marker & 0x1f;
    return marker >= 0xd9 && marker <= 0xdb ? this.unsigned(1 << (marker - 0xd9)) : -1;
  }

  private intAfter(marker: number): number | undefined {
    if (marker < 0x80) return marker;
    if (marker >= 0xe0) return marker - 0x100;
    if (marker >= 0xcc && marker <= 0xcf) return this.unsigned(1 << (marker - 0xcc));
    return marker >= 0xd0 && marker <= 0xd3 ? this.signed(1 << (marker - 0xd0)) : undefined;
  }

  private unsigned(width: number): number {
    const at = this.advance(width);
    if (width === 1) return this.view.getUint8(at);
    if (width === 2) return this.view.getUint16(at);
    if (width === 4) return this.view.getUint32(at);
    // Beyond 2^53 the sum is rounded, and out of every bound all the same.
    return this.view.getUint32(at) * TWO_32 + this.view.getUint32(at + 4);
  }

  private signed(width: number): number {
    const at = this.advance(width);
    if (width === 1) return this.view.getInt8(at);
    if (width === 2) return this.view.getInt16(at);
    if (width === 4) return this.view.getInt32(at);
    return this.view.getInt32(at) * TWO_32 + this.view.getUint32(at + 4);
  }

  private marker(): number {
    return this.view.getUint8(this.advance(1));
  }

  private take(length: number): Uint8Array {
    const at = this.advance(length);
    return this.bytes.subarray(at, at + length);
  }

  private advance(by: number): number {
    const at = this.at;
    if (by > this.bytes.length - at) throw new ProtocolError("a payload that is cut short");
    this.at = at + by;
    return at;
  }
}

function decoded(bytes: Uint8Array): string {
  try {
    return UTF8.decode(bytes);
  } catch {
    throw new ProtocolError("text is not UTF-8");
  }
}

function wrong(what: string, expected: string, marker: number): ProtocolError {
  return new ProtocolError(`${what}: expected ${expected}, found the marker 0x${marker.toString(16)}`);
}
