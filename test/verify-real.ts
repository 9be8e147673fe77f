/**
 * `npm run verify:real`, for a release: runs engine tests with real programs instead of the sandbox's emulators. Prints
 * which parts were real. ALPA_AUTH_REAL selects the parts. Default: every installed part.
 */
import { relative } from "node:path";
import { table } from "../ops/output";
import { findParts, parseChoice, partLines, REAL_VARIABLE, reportParts } from "../sandbox/real/choice";
import { filesToRun, HEAD, holds, rowsOf } from "./real-checks";
import { Progress } from "./progress";
import { sideBySide } from "./side-by-side";

async function main(): Promise<void> {
    const interrupted = new AbortController();
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => interrupted.abort());
    const real = findParts(parseChoice(process.env[REAL_VARIABLE] ?? "available"));
    const parts = reportParts(real);
    console.log(partLines(parts).join("\n"));
    const { signal } = interrupted;
    const jobs = filesToRun(parts).map((file) => ({
        name: `real ${relative("test/engine", file).replace(".test.ts", "")}`,
        files: [file],
    }));
    const progress = new Progress(jobs, { write: (text) => void process.stdout.write(text) });
    const env = { [REAL_VARIABLE]: Object.keys(real).join(",") };
    const began = performance.now();
    const results = await sideBySide(jobs, { lanes: 1, env, signal, onEnd: (result) => progress.finished(result) });
    const outcomes = new Map(results.map((result) => [(result.job as (typeof jobs)[number]).files[0], result]));
    progress.end(results, [table(HEAD, rowsOf(parts, outcomes))], (performance.now() - began) / 1000);
    if (!holds(parts, outcomes) || signal.aborted) process.exitCode = 1;
}

main().catch((error: Error) => {
    console.error(error.message);
    process.exitCode = 1;
});
