// `npm run docs:pages` writes the generated pages into docs/, for a build of the site or to read them there.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "../side-by-side";
import { generatedPages } from "./generated-pages";

for (const [page, text] of Object.entries(generatedPages())) writeFileSync(join(ROOT, "docs", page), text);
