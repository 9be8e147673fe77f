// Proves that the pictures in docs/images show the review and the lines of `npm run sandbox -- up` that the code
// prints. Pulumi's numbers, times and ids are not compared. `npm run docs:screenshots` takes the pictures again.
import { strict as assert } from "node:assert";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse, parseDocument } from "yaml";
import { render, reviewOf } from "../../../ops/stack/review/review";
import { ALPA_SERVICE, attempts } from "../../../sandbox/world/attempts";
import { layOver } from "../../../sandbox/world/overlay";
import { changed, LIMITS, REMOVED, SHOWN_FOLDER, textFile } from "../../site/pictured";
import type { Seen } from "../../kit";
import { previewOf } from "../ops/stack/review/programs";
import { recordProgram } from "../kit/program";

const ROOT = join(__dirname, "../../..");
const AGAIN = "Run npm run docs:screenshots, and look at the pictures.";
const TODAY = new Date("2026-11-29");

const SHIPPED = readFileSync(join(ROOT, "Pulumi.intra.yaml"), "utf8");
const URL = "http://127.0.0.1:30800/alpa";
const STACK_FILE = layOver(SHIPPED, {
    alpa: ["127.0.0.1:20001"],
    nodePort: 30800,
    chartRepository: "http://127.0.0.1:1",
});

/** All resources of the stack with a stack file. */
function programOf(stackFile: string): Promise<Seen[]> {
    const { config } = parse(stackFile) as { config: Record<string, unknown> };
    const texts = Object.entries(config).map(([key, value]) => [
        key,
        typeof value === "string" ? value : JSON.stringify(value),
    ]);
    return recordProgram(Object.fromEntries(texts), TODAY);
}

/** The stack file before the reviewed change. The first caller has limits, and a second caller exists. */
function before(): string {
    const document = parseDocument(STACK_FILE);
    const path = ["config", "alpa-auth:consumers"];
    document.setIn([...path, 0, "limits"], LIMITS);
    document.addIn(path, document.createNode({ name: REMOVED, credentials: [{ id: "first", method: "key" }] }));
    return document.toString();
}

describe("the picture of a review comment", () => {
    it("has the text of the review of the same change", async () => {
        // Ignores the numbers, because Pulumi counts its own resources too, and replaces some that the fake engine
        // updates.
        const compared = (text: string) => text.replace(/resources: [^.]+\./, "resources: ….").trimEnd();
        const now = await programOf(before());
        const then = await programOf(changed(before()));
        const preview = { ...previewOf(now, then), stack: "intra" };
        const printed = render(reviewOf(preview, TODAY, {}), "markdown");
        assert.equal(compared(readFileSync(textFile("review-comment"), "utf8")), compared(printed), AGAIN);
    });
});

describe("the picture of the sandbox", () => {
    const text = readFileSync(textFile("sandbox"), "utf8");
    const folder = mkdtempSync(join(tmpdir(), "alpa-auth-pictured-"));
    after(() => rmSync(folder, { recursive: true }));

    /** The lines of `up` below this heading. */
    const below = (heading: string) => new RegExp(`^== ${heading}\\n((?:(?!== ).*\\n)*)`, "m").exec(text)?.[1] ?? "";

    it("has the requests that it sends, as it prints them", async () => {
        const credentials = { keys: { "mbzuai-nlp/2026a": "k" }, jwtSecrets: {}, namespace: "alpa-auth" };
        const [none, , key] = await attempts(folder, URL, credentials, ALPA_SERVICE);
        for (const { title, expect, command } of [none, key]) {
            const shown = `# ${title}: expected ${expect}\n$ ${command.replaceAll(folder, SHOWN_FOLDER)}\n`;
            assert.ok(below("try it").includes(shown), `${shown}${AGAIN}`);
        }
    });
});
