/**
 * `npm run verify:real`, for a release: runs the engine tests that go through parts of the sandbox with the real programs
 * instead of stand-ins, and prints what was real. ALPA_AUTH_REAL chooses; unset, every part that is found.
 */
import { table } from "../ops/output";
import { findParts, parseChoice, partLines, REAL_VARIABLE, reportParts } from "../sandbox/real/choice";
import { filesToRun, HEAD, holds, rowsOf, type Outcome } from "./real-checks";
import { sideBySide } from "./side-by-side";

async function main(): Promise<void> {
    const interrupted = new AbortController();
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => interrupted.abort());
    const real = findParts(parseChoice(process.env[REAL_VARIABLE] ?? "available"));
    const parts = reportParts(real);
    console.log(partLines(parts).join("\n"));
    const outcomes = new Map<string, Outcome>();
    const { signal } = interrupted;
    const write = (text: string) => process.stdout.write(text);
    const env = { [REAL_VARIABLE]: Object.keys(real).join(",") };
    let failures = "";
    for (const file of filesToRun(parts)) {
        const result = await sideBySide([[file]], { lanes: 1, env, write, signal });
        outcomes.set(file, result);
        failures += result.failures;
    }
    console.log(`${failures}\n${table(HEAD, rowsOf(parts, outcomes))}`);
    const sum = (key: keyof Outcome) => [...outcomes.values()].reduce((total, outcome) => total + outcome[key], 0);
    console.log(`\n${sum("passed")} passed, ${sum("failed")} failed`);
    if (!holds(parts, outcomes) || signal.aborted) process.exitCode = 1;
}

main().catch((error: Error) => {
    console.error(error.message);
    process.exitCode = 1;
});
