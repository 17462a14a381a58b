import type { Catalogue } from "./translate";
import { en } from "./en";
export const es: Catalogue = en;
