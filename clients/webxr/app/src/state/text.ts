// Texts as the protocol counts them: in code points.

/** The beginning of a text, at most so many code points. */
export function cut(text: string, codePoints: number): string {
  return Array.from(text).slice(0, codePoints).join("");
}
