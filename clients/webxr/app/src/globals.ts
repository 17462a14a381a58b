/** What the page shows of itself to tests and to whoever reports a problem; read-only. */
import type { NetworkReport } from "@presence-hub/client";
import type { Sight } from "./picture";
import type { StageStats } from "./stage/stage";
import type { Point } from "./state/scene";

declare global {
  interface Window {
    presence: {
      readonly version: string;
      readonly stats: () => StageStats | null;
      readonly network: () => NetworkReport | null;
      readonly ownPosition: () => Point | null;
      /** How somebody is drawn in this frame, by entity id. */
      readonly seen: (entity: number) => Sight | null;
    };
  }
}
