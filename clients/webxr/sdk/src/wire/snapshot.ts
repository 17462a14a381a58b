/**
 * Where the sections of a snapshot stand (SPEC sections 10.1 and 10.6). Reads headers only; `view/sight.ts` reads records,
 * those of one length by itself, and those in a stream of bits by `predicted.ts`.
 */
import { ProtocolError } from "../errors.js";
import { LAYOUTS, SNAPSHOT_FULL, STRIDES, Section } from "../generated.js";
import { PredictedRecords } from "./predicted.js";

const HEADER = LAYOUTS.snapshot_header;
const SECTION = LAYOUTS.section_header;
const KINDS = 10; // kinds of snapshots are 1 to 9

const STRIDE_OF = new Uint8Array(KINDS);
STRIDE_OF[Section.LEAVE] = STRIDES.leave;
STRIDE_OF[Section.ENTER] = STRIDES.enter;
STRIDE_OF[Section.ROOT] = STRIDES.root;
STRIDE_OF[Section.TRACKED] = STRIDES.tracked;
STRIDE_OF[Section.THING] = STRIDES.thing;
STRIDE_OF[Section.ROOT_DELTA] = STRIDES.root_delta;
STRIDE_OF[Section.TRACKED_DELTA] = STRIDES.tracked_delta;
STRIDE_OF[Section.DOT] = STRIDES.dot;
STRIDE_OF[Section.PREDICTED] = STRIDES.predicted;

/** The frame of one snapshot. Made once, and filled again by each `read`. */
export class SnapshotFrame {
  view: DataView = new DataView(new ArrayBuffer(0));
  tick = 0;
  timeMs = 0;
  ack = 0;
  digest = 0;
  isFull = false;
  /** By kind: how many records there are, from which byte, and from one to the next. */
  readonly count = new Uint16Array(KINDS);
  readonly start = new Uint32Array(KINDS);
  readonly stride = new Uint8Array(KINDS);
  /** Stands before the first of the section's records. All of them can be read: `read` did so. */
  readonly predicted = new PredictedRecords();

  /** Read the frame of a snapshot's `data`. Throws ProtocolError where it cannot be parsed. */
  read(data: Uint8Array): void {
    if (data.length < STRIDES.snapshot_header) throw new ProtocolError("a snapshot shorter than its header");
    const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
    this.view = view;
    this.tick = view.getUint32(HEADER.tick.offset, true);
    this.timeMs = view.getUint32(HEADER.time_ms.offset, true);
    this.ack = view.getUint32(HEADER.ack.offset, true);
    this.digest = view.getUint32(HEADER.digest.offset, true);
    this.isFull = (view.getUint8(HEADER.flags.offset) & SNAPSHOT_FULL) !== 0;
    this.readSections(view);
    this.openPredicted();
    while (this.predicted.next());
    this.openPredicted();
  }

  private readSections(view: DataView): void {
    this.count.fill(0);
    this.start.fill(0);
    let at: number = STRIDES.snapshot_header;
    while (at < view.byteLength) {
      if (view.byteLength - at < STRIDES.section_header) throw new ProtocolError("a section header cut short");
      const kind = view.getUint8(at + SECTION.kind.offset);
      const stride = view.getUint8(at + SECTION.stride.offset);
      const count = view.getUint16(at + SECTION.count.offset, true);
      at += STRIDES.section_header;
      if (view.byteLength - at < stride * count) throw new ProtocolError("a section longer than its message");
      if (kind > 0 && kind < KINDS) this.note(kind, at, stride, count);
      at += stride * count;
    }
  }

  private note(kind: number, start: number, stride: number, count: number): void {
    if (this.start[kind] !== 0) throw new ProtocolError(`section ${kind} appears twice`);
    if (stride < (STRIDE_OF[kind] ?? 0)) throw new ProtocolError(`stride ${stride} is too small for section ${kind}`);
    this.start[kind] = start;
    this.stride[kind] = stride;
    this.count[kind] = count;
  }

  private openPredicted(): void {
    const kind = Section.PREDICTED;
    this.predicted.open(this.view, this.start[kind] ?? 0, this.stride[kind] ?? 0, this.count[kind] ?? 0);
  }
}
