// Reads JSON that came from elsewhere: a `Node` is one value with its path, and each of its readers returns the value
// checked or throws a WorldError that says where and what. Knows nothing of worlds; parse.ts says what they hold.

const MOST_ITEMS = 10_000; // as the server allows of anything

/** A world document that cannot be used: where (a JSON path) and why. */
export class WorldError extends Error {
  override readonly name = "WorldError";
}

/** One JSON value and where it stands. */
export class Node {
  readonly value: unknown;
  readonly path: string;

  constructor(value: unknown, path = "$") {
    this.value = value;
    this.path = path;
  }

  /** Whether the key was not written at all. */
  get isAbsent(): boolean {
    return this.value === undefined;
  }

  key(name: string): Node {
    return new Node(this.object()[name], `${this.path}.${name}`);
  }

  /** The key read by `read`, or `otherwise` where it was not written. */
  optional<T>(name: string, read: (node: Node) => T, otherwise: T): T {
    const node = this.key(name);
    return node.isAbsent ? otherwise : read(node);
  }

  /** The items of a list, each read by `read`; an absent list is empty. */
  list<T>(read: (node: Node) => T): T[] {
    if (this.isAbsent) return [];
    if (!Array.isArray(this.value)) return this.fail("is not a list");
    if (this.value.length > MOST_ITEMS) return this.fail(`has more than ${MOST_ITEMS} items`);
    return this.value.map((item: unknown, i) => read(new Node(item, `${this.path}[${i}]`)));
  }

  /** A list of exactly `size` numbers. */
  numbers(size: number, low: number, high: number): number[] {
    const row = this.list((node) => node.number(low, high));
    return row.length === size ? row : this.fail(`has ${row.length} items, not ${size}`);
  }

  number(low: number, high: number): number {
    const { value } = this;
    if (typeof value !== "number" || !(value >= low && value <= high)) {
      return this.fail(`is not a number from ${low} to ${high}`);
    }
    return value;
  }

  whole(low: number, high: number): number {
    const value = this.number(low, high);
    return Number.isInteger(value) ? value : this.fail("is not whole");
  }

  flag(): boolean {
    return typeof this.value === "boolean" ? this.value : this.fail("is not true or false");
  }

  text(most: number): string {
    const { value } = this;
    if (typeof value !== "string" || value === "" || value.length > most) {
      return this.fail(`is not a text of 1 to ${most} characters`);
    }
    return value;
  }

  matching(pattern: RegExp, what: string): string {
    const { value } = this;
    return typeof value === "string" && pattern.test(value) ? value : this.fail(`is not ${what}`);
  }

  /** One word of a closed list. */
  choice<Word extends string>(words: readonly Word[]): Word {
    return words.find((word) => word === this.value) ?? this.fail(`is not one of ${words.join(", ")}`);
  }

  fail(what: string): never {
    throw new WorldError(`${this.path} ${what}`);
  }

  private object(): Record<string, unknown> {
    const { value } = this;
    if (typeof value !== "object" || value === null || Array.isArray(value)) return this.fail("is not an object");
    return value as Record<string, unknown>;
  }
}
