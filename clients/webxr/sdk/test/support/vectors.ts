/** The protocol's test vectors, which every implementation runs (SPEC section 20). */
import { readFileSync } from "node:fs";

const PROTOCOL = new URL("../../../../../protocol/vectors/", import.meta.url);

/** Read the list of one file. */
export function vectors<T>(name: string): T[] {
  return (JSON.parse(readFileSync(new URL(`${name}.json`, PROTOCOL), "utf8")) as { vectors: T[] }).vectors;
}

export function bytesOf(hex: string): Uint8Array {
  return Uint8Array.from(hex.match(/../g) ?? [], (pair) => parseInt(pair, 16));
}

export function hexOf(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
