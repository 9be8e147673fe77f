/** What golden files have in common: the text of one, and its comparison with what was read in review. */
import { strict as assert } from "node:assert";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import * as path from "node:path";
import * as prettier from "prettier";
import { Document, visit } from "yaml";

/** @param file its name in this folder */
export async function formatted(file: string, text: string): Promise<string> {
    const filepath = path.join(__dirname, file);
    return prettier.format(text, { ...(await prettier.resolveConfig(filepath)), filepath });
}

/** A resource as one document of YAML, small maps and lists on one line, so that a rule is seen at once. */
export function documentOf(title: string, object: unknown, options = { aliasDuplicateObjects: false }): string {
    const document = new Document(object, options);
    visit(document, {
        Collection: (_, node) => {
            node.flow = node.toString().length <= 90;
        },
    });
    const text = document.toString({ lineWidth: 0 });
    // The digest of a route's rules changes with each of them, and says nothing to a reader.
    return `---\n# ${title}\n${text.replace(/(X-Alpa-Auth-Revision: |revision: )"?[0-9a-f]{12}"?/g, "$1(digest)")}`;
}

/** Compares with the file, or renews it where that is asked for. */
export function assertReviewed(file: string, rendered: string): void {
    const at = path.join(__dirname, file);
    if (process.env.UPDATE_GOLDEN) writeFileSync(at, rendered);
    assert.ok(existsSync(at), `${at} is missing. Run: npm run golden`);
    assert.equal(rendered, readFileSync(at, "utf8"), "Run npm run golden, and read what changed.");
}
