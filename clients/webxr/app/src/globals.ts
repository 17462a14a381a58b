/** What the page shows of itself to tests and to whoever reports a problem; read-only. */
import type { Point, Stats } from "./state/scene";

declare global {
  interface Window {
    presence: {
      readonly version: string;
      readonly stats: () => Stats | null;
      readonly ownPosition: () => Point | null;
    };
  }
}
