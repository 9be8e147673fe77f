/** `review`: measures the time of a review without the engine's preview. */
import { strict as assert } from "node:assert";
import { performance } from "node:perf_hooks";
import { renderMarkdown } from "../ops/stack/review/markdown";
import { policyFindings } from "../ops/stack/review/policies";
import { readPreview, type Exported } from "../ops/stack/review/preview";
import { renderText } from "../ops/stack/review/report";
import { reviewOf } from "../ops/stack/review/review";
import { listsOf } from "../policy/rules/facts";
import { ROOT } from "../sandbox/world/state";
import { callers } from "./callers";
import { seconds } from "./consumers";
import { type Bench, removeNamespace } from "./sandbox";
import { AlpaAuth, FAST } from "./stacks";
import { aligned } from "./table";

const HEAD = [
    "callers",
    "preview, s",
    "preview, MiB",
    "findings",
    "read and judged, s",
    "policy rules, s",
    "written, s",
];

/** The largest possible change: every caller gets a lower limit, and one of its two keys is revoked. */
export async function measureReview(bench: Bench, counts: number[], say: (line: string) => void): Promise<void> {
    const rows: string[][] = [];
    for (const count of counts) {
        const program = new AlpaAuth(bench, `review-${count}`, FAST);
        const names = Object.keys(callers(count));
        const all = (ids: string[]) => Object.fromEntries(names.map((name) => [name, ids]));
        await program.create();
        program.configure(all(["a", "b"]), { limits: { requests: 60, perSeconds: 60 } });
        await program.up();
        program.configure(all(["a"]), { limits: { requests: 30, perSeconds: 60 } });
        rows.push([String(count), ...(await measure(program, count))]);
        say(`${count}: ${rows.at(-1)!.join(", ")}`);
        await removeNamespace(bench, program.stack);
    }
    say(`\nEvery caller loses a key and half of its limit\n${aligned([HEAD, ...rows])}\n`);
}

async function measure(program: AlpaAuth, count: number): Promise<string[]> {
    let text = "";
    const previewed = await seconds(async () => {
        text = await program.run(["preview", "--json", ...program.settings.args]);
    });
    const state = (JSON.parse(await program.run(["stack", "export"])) as { deployment: Exported }).deployment;
    const today = new Date();
    const times: number[] = [performance.now()];
    const preview = readPreview(text, "preview", program.stack);
    const review = reviewOf(preview, today, state);
    times.push(performance.now());
    const broken = policyFindings(preview, state, [], today, listsOf(ROOT));
    times.push(performance.now());
    renderText(review);
    renderMarkdown(review);
    times.push(performance.now());
    // Checks that the review has found the measured change and nothing else.
    assert.deepEqual(broken, []);
    const codes = ["credential-revoked", "limit-lowered"];
    for (const code of codes) assert.equal(review.findings.filter((one) => one.code === code).length, count, code);
    const parts = times.slice(1).map((time, i) => ((time - times[i]) / 1000).toFixed(2));
    const size = (text.length / 2 ** 20).toFixed(1);
    return [previewed.toFixed(1), size, String(review.findings.length), ...parts];
}
