/**
 * Runs one level of test/levels.ts in several processes: `npm run lint`, `npm run check`, `npm test` or `npm run
 * test:full`. `npm test -- PART… [-g TITLE]` runs only files whose path contains a PART, and only tests whose title
 * matches TITLE.
 */
import { relative } from "node:path";
import { missingForPackets } from "./kernel-rules";
import { checks, hasBrowser, isLevel, LEVELS, tests, type Level } from "./levels";
import { Progress } from "./progress";
import { LOGS, ROOT, sideBySide, sumOf } from "./side-by-side";
import { findOnPath } from "../sandbox/toolchain/path";

/**
 * Number of test processes, chosen for two cores. More processes than cores, because engine tests spend a third of
 * their time waiting.
 */
const LANES = 4;

/**
 * Makes Go programs, mainly the API server, collect garbage less often. This saves a fifth of their CPU time (measured
 * 2026-11: 11.5 s instead of 14.1 s for one world and eight runs of Pulumi).
 */
const ENVIRONMENT = { GOGC: "400" };

const HOW_TO_CHOOSE = `Choose files by a part of their path, tests by a part of their title, or both:
  npm test -- ops/check                      test files with ops/check in their path
  npm test -- engine/gateway engine/callers   test files with one of these in their path
  npm test -- sandbox/test/gateway -g rejects  of these, tests whose title matches
npm test knows every file of test/unit, test/golden, test/engine, test/chaos and sandbox/test; npm run check those that it runs.`;

async function main([level, ...words]: string[]): Promise<number> {
    const began = performance.now();
    const write = (text: string) => void process.stdout.write(text);
    if (!isLevel(level)) throw new Error(`${level}: must be one of ${LEVELS.join(", ")}.`);
    const { parts, args } = chosen(words);
    const jobs = words.length === 0 ? [...checks(), ...tests(level)] : tests(level, parts);
    if (jobs.length === 0) {
        write(`No test file has ${parts.join(" or ")} in its path. ${HOW_TO_CHOOSE}\n\n0 passed, 0 failed\n`);
        return 1;
    }
    const interrupted = new AbortController();
    const { signal } = interrupted;
    for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(name, () => interrupted.abort());
    write(`jobs: ${jobs.length}, ${LANES} at a time; what each prints is in ${relative(ROOT, LOGS)}/\n`);
    const progress = new Progress(jobs, { write, columns: process.stdout.isTTY ? process.stdout.columns : undefined });
    const results = await sideBySide(jobs, {
        lanes: LANES,
        signal,
        args,
        env: ENVIRONMENT,
        onStart: (job) => progress.started(job),
        onEnd: (result) => progress.finished(result),
    });
    const { passed, failed } = sumOf(results);
    const left = jobs.length - results.length;
    const notes = [
        signal.aborted ? "interrupted" : left > 0 ? `not run, or stopped: ${left} jobs, since lint failed` : "",
        passed + failed === 0 && !signal.aborted ? `No test's title matches. ${HOW_TO_CHOOSE}` : "",
        ...(words.length === 0 ? missing(level) : []),
    ].filter((note) => note !== "");
    progress.end(results, notes, (performance.now() - began) / 1000);
    return failed > 0 || passed === 0 || signal.aborted ? 1 : 0;
}

/** Splits the arguments of `npm test` into parts of paths and arguments for mocha. */
function chosen(words: string[]): { parts: string[]; args: string[] } {
    const isOption = (word: string) => word.startsWith("-");
    const isValue = (_: string, at: number) => /^(-[gf]|--f?grep)$/.test(words[at - 1] ?? "");
    return {
        parts: words.filter((word, at) => !isOption(word) && !isValue(word, at)),
        args: words.filter((word, at) => isOption(word) || isValue(word, at)),
    };
}

/** Tests that are skipped because the machine lacks a program or a permission. */
function missing(level: Level): string[] {
    const scripts = findOnPath("shellcheck")
        ? ""
        : "not run: ShellCheck of the scripts for hosts. Install it on PATH: pip install -r test/requirements-lint.txt";
    if (level === "lint") return [scripts];
    const packets = missingForPackets();
    return [
        scripts,
        findOnPath("promtool")
            ? ""
            : "not run: when the alerts for Prometheus fire. Install promtool on PATH: it is in package prometheus of Debian and Ubuntu.",
        level === "check" || findOnPath("prometheus")
            ? ""
            : "not run: the sandbox with a real Prometheus. Install prometheus on PATH: apt-get install prometheus",
        level === "check" || process.env.ALPA_AUTH_CHARTS
            ? ""
            : "not run: what the real charts make of our values. ALPA_AUTH_CHARTS names no folder or repository of them.",
        level === "full" && !hasBrowser()
            ? "not run: the pages of the site in a browser. Install Chromium on PATH: apt-get install chromium"
            : "",
        packets ? `not run: packets to a kernel with the rules for Alpa's hosts. This machine lacks ${packets}.` : "",
    ];
}

main(process.argv.slice(2)).then(
    (code) => (process.exitCode = code),
    (error: unknown) => {
        console.error(error);
        process.exitCode = 1;
    },
);
