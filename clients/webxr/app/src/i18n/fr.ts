import type { Catalogue } from "./translate";
import { en } from "./en";
export const fr: Catalogue = en;
