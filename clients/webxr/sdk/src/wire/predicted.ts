/**
 * Predicted records: how far each pose is from where its way led, in a stream of bits (SPEC section 10.11). Reads them one
 * by one, without garbage; whose way that is `view/sight.ts` knows. Pure.
 */
import { ProtocolError } from "../errors.js";
import { CODE_ORDERS } from "../generated.js";

const MAX_ID = 0xffff;
const REST_BITS = 8; // fewer than these are the rest of the last byte
const LINEAR = 3; // prefixes from this one on are followed by one bit more each
const MAX_PREFIX = 19;
// The word is a whole number of 31 bits, which needs no box. Filled up it has room for no further byte: 24 bits or more,
// as many as a prefix takes (20), and what follows it (23).
const FULL_BITS = 24;

/** The records of one section. Made once, and pointed at the next section by `open`. */
export class PredictedRecords {
  /** Of the record that `next` came to: whose it is, and what is added to its pose beyond its way, as `CODE_ORDERS` lists. */
  id = -1;
  age = 0;
  x = 0;
  y = 0;
  z = 0;
  yaw = 0;
  pitch = 0;
  private view: DataView = new DataView(new ArrayBuffer(0));
  private at = 0;
  private end = 0;
  private stride = 1;
  /** The next bits of the stream, the first of them the lowest, and how many there are; zeros above. */
  private word = 0;
  private held = 0;

  /** Stand before the first of the records in `count` bytes of `view`, from `start` on, `stride` apart. */
  open(view: DataView, start: number, stride: number, count: number): void {
    this.view = view;
    this.at = start;
    this.end = start + stride * count;
    this.stride = stride;
    this.word = 0;
    this.held = 0;
    this.id = -1;
  }

  /** Go on to the next record; false where there is none. Throws ProtocolError where it is malformed. */
  next(): boolean {
    this.fill();
    if (this.held < REST_BITS) return false;
    this.id += 1 + this.number(CODE_ORDERS.gap);
    if (this.id > MAX_ID) throw new ProtocolError("a predicted record of an id beyond all");
    this.age = this.signed(CODE_ORDERS.age);
    this.x = this.signed(CODE_ORDERS.x);
    this.y = this.signed(CODE_ORDERS.y);
    this.z = this.signed(CODE_ORDERS.z);
    this.yaw = this.signed(CODE_ORDERS.yaw);
    this.pitch = this.signed(CODE_ORDERS.pitch);
    return true;
  }

  private signed(order: number): number {
    const number = this.number(order);
    return (number >>> 1) ^ -(number & 1);
  }

  private number(order: number): number {
    this.fill();
    const prefix = 31 - Math.clz32(~this.word & (this.word + 1)); // where the lowest zero is
    if (prefix > MAX_PREFIX) throw new ProtocolError("a predicted record with a prefix too long");
    this.drop(prefix + 1);
    this.fill();
    const width = order + Math.max(0, prefix - LINEAR);
    const base = prefix < LINEAR ? prefix : LINEAR - 1 + (1 << (prefix - LINEAR));
    const rest = this.word & ((1 << width) - 1);
    this.drop(width);
    return (base << order) + rest;
  }

  private fill(): void {
    for (; this.held < FULL_BITS && this.at < this.end; this.at += this.stride) {
      this.word |= this.view.getUint8(this.at) << this.held;
      this.held += 8;
    }
  }

  private drop(bits: number): void {
    if (bits > this.held) throw new ProtocolError("a predicted record cut short");
    this.word >>>= bits;
    this.held -= bits;
  }
}
