/** Shared code of the golden tests: rendering one file, and comparing it with the reviewed one. */
import { strict as assert } from "node:assert";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import * as path from "node:path";
import { format, type FormatConfig } from "oxfmt";
import { Document, visit } from "yaml";

const LAYOUT = path.join(__dirname, "../../.oxfmtrc.json");

/** @param file name of the golden file in this folder */
export async function formatted(file: string, text: string): Promise<string> {
    const { tabWidth, printWidth, overrides } = JSON.parse(readFileSync(LAYOUT, "utf8")) as FormatConfig & {
        overrides: { files: string[]; options: FormatConfig }[];
    };
    const own = overrides.find(({ files }) => files.includes(`*${path.extname(file)}`))?.options;
    const { code, errors } = await format(path.join(__dirname, file), text, { tabWidth, printWidth, ...own });
    assert.deepEqual(errors, []);
    return code;
}

/** A resource as one YAML document, with small maps and lists on one line. Each object that is in it twice is written once. */
export function documentOf(title: string, object: unknown): string {
    const document = new Document(object);
    visit(document, {
        Collection: (_, node) => {
            node.flow = node.toString().length <= 90;
        },
    });
    const text = document.toString({ lineWidth: 0 });
    // Hides the digest of a route's rules: it changes with each rule.
    return `---\n# ${title}\n${text.replace(/(X-Alpa-Auth-Revision: |revision: )"?[0-9a-f]{12}"?/g, "$1(digest)")}`;
}

/** Compares with the golden file, or writes the file if UPDATE_GOLDEN is set. */
export function assertReviewed(file: string, rendered: string): void {
    const at = path.join(__dirname, file);
    if (process.env.UPDATE_GOLDEN) writeFileSync(at, rendered);
    assert.ok(existsSync(at), `${at} is missing. Run: npm run golden`);
    assert.equal(rendered, readFileSync(at, "utf8"), "Run npm run golden, and read what changed.");
}
