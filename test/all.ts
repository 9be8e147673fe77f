// What `npm test` runs after lint: all tests, some processes at a time.
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { missingForPackets } from "./kernel-rules";
import { sideBySide, type Job } from "./side-by-side";

/** For two cores: engine tests wait for clocks and for other processes a third of their time, and more at the end. */
const LANES = 4;

/**
 * Unit tests that start programs, in a process of their own: to start one takes 1 ms of a core from a small process and 10 ms
 * from one of 1 GB, which is what all unit tests need together.
 */
const STARTING: Job = ["test/unit/{client,ops,sandbox}/**/*.test.ts", "test/unit/components/parts/*-script*.test.ts"];

const UNIT: Job = [
    "test/unit/**/*.test.ts",
    "test/golden/**/*.test.ts",
    ...STARTING.map((files) => `--ignore=${files}`),
];

/**
 * Go collects garbage less often: what it runs here, of which the API server takes most, is short-lived, and takes a fifth
 * less of a core so (measured 2026-11: 14.1 s and 11.5 s for one world and eight runs of Pulumi).
 */
const ENVIRONMENT = { GOGC: "400" };

/**
 * Files that can share the world of test/engine/kit.ts, in jobs of about five minutes: to start one takes eleven seconds of a
 * core. The longest first, so that in the end no lane waits for another.
 */
const TOGETHER = [
    ["failures", "pulumi"],
    ["ops", "route", "secrets"],
    ["lifecycle", "callers", "callers-stack"],
    ["microk8s", "limits", "guard", "tls"],
    ["review", "rollback"],
];

/** Files with a world of their own that take long. The rest needs no order. */
const ALONE = ["cli", "rampart-install", "installers", "cloudflare", "inter-nodes"];

function engine(): Job[] {
    const files = readdirSync(join(__dirname, "engine")).filter((name) => name.endsWith(".test.ts"));
    const named = [...TOGETHER, ...ALONE.map((name) => [name])].map((names) => names.map((name) => `${name}.test.ts`));
    const rest = files.filter((file) => !named.flat().includes(file)).map((file) => [file]);
    return [...named, ...rest].map((names) => names.map((name) => `test/engine/${name}`) as Job);
}

async function main(args: string[]): Promise<void> {
    const interrupted = new AbortController();
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => interrupted.abort());
    const write = (text: string) => process.stdout.write(text);
    const { signal } = interrupted;
    const jobs = [STARTING, UNIT, ...engine()];
    const { passed, failed, failures, took } = await sideBySide(jobs, {
        lanes: LANES,
        write,
        signal,
        args,
        env: ENVIRONMENT,
    });
    const longest = took.sort((one, other) => other.seconds - one.seconds);
    for (const { job, seconds } of longest) write(`\n${seconds.toFixed(0).padStart(5)} s  ${job.join(" ")}`);
    write(`\n${failures}`);
    if (signal.aborted) write("\ninterrupted\n");
    if (!process.env.ALPA_AUTH_CHARTS)
        write(
            "\nnot run: what the real charts make of our values. ALPA_AUTH_CHARTS names no folder or repository of them.\n",
        );
    const missing = missingForPackets();
    if (missing)
        write(`\nnot run: packets to a kernel with the rules for Alpa's hosts. This machine lacks ${missing}.\n`);
    write(`\n${passed} passed, ${failed} failed\n`);
    process.exitCode = failed > 0 || passed === 0 || signal.aborted ? 1 : 0;
}

main(process.argv.slice(2)).catch((error: unknown) => {
    console.error(error);
    process.exitCode = 1;
});
