/**
 * What each level runs. `npm run lint`: checks without tests. `npm run check`: also most unit and golden tests. `npm
 * test`: also the other unit tests, the sandbox's tests and the engine tests. `npm run test:full`: also tests that take
 * too long for every change. FULL and NOT_AT_ONCE list the exceptions.
 */
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { ROOT, type Job } from "./side-by-side";
import { findOnPath } from "../sandbox/toolchain/path";

export const LEVELS = ["lint", "check", "test", "full"] as const;
export type Level = (typeof LEVELS)[number];

/**
 * Files that only `npm run test:full` runs: beginning of their path, and the reason. They take much longer than all
 * others together, and unit and golden tests find most of the same errors.
 */
const FULL: Record<string, string> = {
    "test/chaos/": "each file takes minutes: models are loaded again and again while steps fail or are killed",
    "test/engine/cloudflare/exposure": "a gateway behind Azure and a tunnel in turn, under traffic",
    "test/engine/cloudflare/hosts": "connectors on hosts by SSH: stack.test.ts has the stack itself",
    "test/engine/cloudflare/move": "a zone moves to Cloudflare and back",
    "test/engine/cloudflare/operations": "rotations and losses at the edge",
    "test/engine/cluster/inter-nodes": "a cluster from hosts by SSH, nodes that are lost and replaced",
    "test/engine/cluster/microk8s": "a cluster from hosts by SSH, step by step",
    "test/engine/gateway/closed": "models are loaded under traffic: unit tests have the order of the resources",
    "test/engine/gateway/installers": "a world for each way to install the gateway",
    "test/engine/gateway/observability":
        "a stack of its own: unit tests of the emulator and of the rendered settings find most errors first",
    "test/engine/gateway/real-crds": "an API server for it alone: unit/stacks/real-crds.test.ts checks every field",
    "test/engine/gateway/rampart-install": "Rampart installed, killed and removed: a world for each",
    "test/engine/ops/pod-connection":
        "an API server for it alone: revocations in commands.test.ts use the same connections",
    "test/engine/ops/review": "drift and repair: recorded previews prove what a review says",
    "test/engine/sandbox/cli-": "the other stacks of the sandbox, and its ends: a world for each test",
    "test/engine/stack/own-program": "npm installs the packages of a program elsewhere: a minute",
    "test/engine/stack/failures": "waits for timeouts, and kills runs",
    "test/engine/stack/pulumi": "the policy pack and reviewed plans: several runs, and unit tests of each",
    "test/engine/stack/rollback":
        "unit tests roll back in work trees of git, and lifecycle.test.ts has the runs of Pulumi",
    "test/site/": "builds the site of docs/, and opens each page in a browser",
};

/** Unit tests that run in `npm test` but not in `npm run check`: beginning of their path, and the reason. */
const NOT_AT_ONCE: Record<string, string> = {
    "sandbox/test/": "emulators, which are not part of the product: 22 s of CPU time",
    "test/unit/alerts/": "evaluates hours of metrics with promtool: 7 s of CPU time",
    "test/unit/client/python": "pip, and a Python process for most tests",
    "test/unit/components/cloudflare/cloudflared-scripts": "runs scripts over SSH on simulated hosts: 20 s of CPU time",
    "test/unit/components/consumers/shared-counters": "counts in a real Redis",
    "test/unit/components/meaning/": "runs the program with each config key changed: 45 s of CPU time",
    "test/unit/components/hosts/server-firewall-scripts": "runs scripts with kernel rules: 4 s of CPU time",
    "test/unit/components/hosts/bare-metal-script": "the same: 25 s of a core",
    "test/unit/components/hosts/microk8s-scripts": "the same",
    "test/unit/components/route/request-guard-batches": "every mix of two and four requests: 5 s of CPU time",
    "test/unit/components/openai/sdks": "a Python process",
    "test/unit/components/opt/watchdog": "waits for batches of Alpa, and for programs that poll every few seconds",
    "test/unit/ops/check/smoke": "whole runs against a simulated gateway: 7 s of CPU time",
    "test/unit/ops/command-line/npx": "npx with an empty cache: 5 s of CPU time",
    "test/unit/ops/consumer/handout-text": "a Python or curl process for each test: 6 s of CPU time",
    "test/unit/ops/consumer/rejection-probe": "waits for rejections at gateways that answer late",
    "test/unit/ops/convert/commands": "whole conversions, with a fake Pulumi: 5 s of CPU time",
    "test/unit/ops/stack/rollback": "a work tree of git for each test: 12 s of CPU time",
    "test/unit/policy/pack": "starts the policy pack as Pulumi does",
    "test/unit/policy/rules-everywhere": "makes each value of each resource unknown, one after the other",
    "test/unit/runner/side-by-side": "starts processes of tests: 5 s of CPU time",
};

function lint(name: string, script: string, ...args: string[]): Job {
    return { name: `lint ${name}`, program: [join(ROOT, "node_modules", script), ...args], required: true };
}

const CACHE = "node_modules/.cache";

/** Format, rules, types, unused code and terms. Results of ESLint and TypeScript for a file are cached until the file changes. */
const LINT: Job[] = [
    // The compiler in Go takes 14 s of CPU time without its cache, and the compiler in JavaScript 49 s (measured
    // 2026-11).
    lint(
        "tsc",
        "typescript-native/bin/tsc",
        "--noEmit",
        "--incremental",
        "--tsBuildInfoFile",
        `${CACHE}/tsc-native.json`,
    ),
    // oxfmt formats like Prettier. It takes 1 s of CPU time, and Prettier took 48 s.
    lint("oxfmt", "oxfmt/bin/oxfmt", "--check"),
    lint("eslint", "eslint/bin/eslint.js", "--cache", "--cache-strategy=content", `--cache-location=${CACHE}/`, "."),
    // Unused files, exports and dependencies. knip.json lists the files that are started by their path.
    lint("knip", "knip/bin/knip.js", "--no-progress", "--cache"),
    {
        name: "lint terms",
        program: ["--require=tsx/cjs", join(ROOT, "test/terms.ts")],
        required: true,
    },
];

/**
 * Unit tests that start programs. They run in small processes of their own: a start takes 1 ms of CPU time in a small
 * process, and 10 ms in a process of 1 GB with all unit tests.
 */
const STARTING: Record<string, RegExp> = {
    sandbox: /^sandbox\/test\//,
    ops: /^test\/unit\/ops\//,
    "client and scripts": /^test\/unit\/(client\/|observability\/|components\/.*-script)/,
};

/** Test files of the job "unit components, golden", by their path. */
const RENDERING = /^test\/(golden|unit\/(components|stacks|alerts))\//;

/**
 * Jobs of engine tests that take about five minutes or more. Files of one job share a world of test/engine/kit, because
 * each start of a world takes 11 s of CPU time. The longest jobs are first, so that all lanes end at about the same
 * time.
 */
const LONG = [
    ["ops/commands"],
    // Files in one world. Only the last may leave a stack, since a cluster has one gateway.
    ["stack/lifecycle", "callers/limits"],
    ["gateway/guard", "gateway/route", "callers/credentials"],
    ["gateway/tls"],
    ["cluster/inter"],
    ["cloudflare/stack"],
    ["openai/streams"],
    ["stack/failures", "stack/pulumi"],
    ["ops/review"],
    ["cluster/microk8s"],
    ["stack/rollback"],
    ["sandbox/cli-stacks"],
    ["sandbox/cli-ended"],
    ["gateway/rampart-install"],
    ["gateway/installers"],
    ["cluster/inter-nodes"],
    ["sandbox/cli"],
];

export function isLevel(word: string): word is Level {
    return LEVELS.some((level) => level === word);
}

/** Jobs of every level, with ShellCheck where it is installed. */
export function checks(env = process.env): Job[] {
    const executable = findOnPath("shellcheck", env);
    return executable === undefined ? LINT : [...LINT, shellCheck(executable)];
}

/** Every sh script that git tracks or that is about to be committed. */
function shellCheck(executable: string): Job {
    // The clone may belong to a user other than the one who runs the tests.
    const list = ["-c", `safe.directory=${ROOT}`, "ls-files", "--cached", "--others", "--exclude-standard", "*.sh"];
    const files = execFileSync("git", list, { cwd: ROOT, encoding: "utf8" })
        .split("\n")
        .filter((file) => file !== "" && existsSync(join(ROOT, file)));
    return { name: "lint shellcheck", executable, program: ["--format=gcc", ...files], required: true };
}

type Tests = Job & { files: string[] };

/**
 * @param parts runs only files whose path contains one of these texts; with `npm test` also files of the full level
 */
export function tests(level: Level, parts: string[] = []): Tests[] {
    const wanted = level === "test" && parts.length > 0 ? "full" : level;
    const units = [...filesBelow("test/unit"), ...filesBelow("test/golden"), ...filesBelow("sandbox/test")];
    const starting = Object.entries(STARTING).map(([name, start]) => ({
        name: `unit ${name}`,
        files: units.filter((file) => start.test(file)),
    }));
    const others = units.filter((file) => !Object.values(STARTING).some((start) => start.test(file)));
    const jobs = [
        // The two longest jobs of `npm run check` are first, and are separate so that they run at the same time.
        { name: "unit config, policy, preflight", files: others.filter((file) => !RENDERING.test(file)) },
        { name: "unit components, golden", files: others.filter((file) => RENDERING.test(file)) },
        ...starting,
        ...filesBelow("test/chaos").map((file) => ({ name: nameOf(file), files: [file] })),
        ...(hasBrowser() ? [{ name: "site", files: filesBelow("test/site") }] : []),
        ...engine(),
    ];
    const isChosen = (file: string) =>
        LEVELS.indexOf(levelOf(file)) <= LEVELS.indexOf(wanted) &&
        (parts.length === 0 || parts.some((part) => file.includes(part)));
    return jobs
        .map(({ name, files }) => ({ name, files: files.filter(isChosen) }))
        .filter(({ files }) => files.length > 0);
}

/** Whether Chromium is on PATH. Without it, no job tests the site. */
export function hasBrowser(env = process.env): boolean {
    return findOnPath("chromium", env) !== undefined;
}

/** The first level that runs a test file. */
export function levelOf(file: string): Level {
    const isIn = (table: Record<string, string>) => Object.keys(table).some((start) => file.startsWith(start));
    if (isIn(FULL)) return "full";
    if (isIn(NOT_AT_ONCE)) return "test";
    return /^(test\/(unit|golden)|sandbox\/test)\//.test(file) ? "check" : "test";
}

function engine(): Tests[] {
    const named = LONG.map((names) => names.map((name) => `test/engine/${name}.test.ts`));
    const rest = filesBelow("test/engine").filter((file) => !named.flat().includes(file));
    return [...named, ...rest.map((file) => [file])].map((files) => ({ name: nameOf(...files), files }));
}

/** Name of the job with these test files, for example "engine gateway/tls, gateway/guard". */
function nameOf(...files: string[]): string {
    const [, folder] = files[0].split("/");
    return `${folder} ${files.map((file) => file.split("/").slice(2).join("/").replace(".test.ts", "")).join(", ")}`;
}

function filesBelow(folder: string): string[] {
    return readdirSync(join(ROOT, folder), { recursive: true, encoding: "utf8" })
        .filter((name) => name.endsWith(".test.ts"))
        .map((name) => `${folder}/${name.replaceAll("\\", "/")}`)
        .sort();
}
