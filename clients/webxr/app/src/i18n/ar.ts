import type { Catalogue } from "./translate";
import { en } from "./en";
export const ar: Catalogue = en;
