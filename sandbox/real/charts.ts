/**
 * Finds the real charts: unpacked or packaged in a folder, or in chart repositories, from which helm pulls them into the cache.
 */
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { parse } from "yaml";
import { helmEnvironment } from "../charts/package";
import { cacheRoot } from "../toolchain/cache";
import type { Found } from "./parts";

const run = promisify(execFile);

/** Variable with the source of the charts. Tests that render values use it too. */
export const CHARTS_VARIABLE = "ALPA_AUTH_CHARTS";

/** Longest wait for one chart, in seconds. */
const PULL_SECONDS = 60;

interface Chart {
    name: string;
    version: string;
}

/** The charts that the sandbox uses, with the emulated versions. */
function pinnedCharts(): Chart[] {
    return ["apisix", "apisix-ingress-controller", "kuberay-operator"].map((name) => ({
        name,
        version: versionIn(join(__dirname, "../charts", name)),
    }));
}

function versionIn(folder: string): string {
    return (parse(readFileSync(join(folder, "Chart.yaml"), "utf8")) as Chart).version;
}

/** Finds the charts in the folder or repositories of ALPA_AUTH_CHARTS. @throws Error with the missing charts */
export function findCharts(env: NodeJS.ProcessEnv): Found {
    const source = env[CHARTS_VARIABLE];
    if (source === undefined || source === "") throw new Error(`${CHARTS_VARIABLE} is not set`);
    const charts = pinnedCharts();
    const repositories = repositoriesOf(source);
    if (repositories) return { version: charts[0].version, paths: {}, repositories };
    const found = charts.map((chart) => ({ name: chart.name, ...chartIn(source, chart) }));
    return { version: found[0].version, paths: Object.fromEntries(found.map(({ name, path }) => [name, path])) };
}

/** The URLs of chart repositories; undefined if the source is a folder. */
export function repositoriesOf(source: string): string[] | undefined {
    const addresses = source.split(",").map((address) => address.trim().replace(/\/+$/, ""));
    if (!addresses.every((address) => /^(https?|oci):\/\//.test(address))) return undefined;
    // Credentials are rejected, because every user of the machine can read the arguments of helm.
    if (addresses.some((address) => /^\w+:\/\/[^/]*@/.test(address)))
        throw new Error(`${CHARTS_VARIABLE}: an address must not contain a user name or password`);
    return addresses;
}

/** The archive of the pinned version in a folder. Without this archive, the unpacked chart of any version. */
export function chartIn(folder: string, { name, version }: Chart): { path: string; version: string } {
    const archive = join(folder, `${name}-${version}.tgz`);
    if (existsSync(archive)) return { path: archive, version };
    const path = join(folder, name);
    if (!existsSync(join(path, "Chart.yaml")))
        throw new Error(`neither ${archive} nor ${join(path, "Chart.yaml")} exists`);
    return { path, version: versionIn(path) };
}

/** Folders and archives of the charts. Charts of repositories are pulled first. */
export function realCharts({ paths, repositories }: Found, helmPath: string): Promise<string[]> {
    if (!repositories) return Promise.resolve(Object.values(paths));
    return Promise.all(pinnedCharts().map((chart) => pullChart(chart, repositories, { helmPath })));
}

interface PullOptions {
    helmPath: string;
    /** Folder for pulled charts. @default a folder next to the tool cache */
    cache?: string;
    /** Longest wait for one repository, in seconds. @default 60 */
    seconds?: number;
}

/**
 * Pulls a chart from the first repository that has it. @returns the archive
 * @throws Error with helm's message for each repository
 */
export async function pullChart(chart: Chart, repositories: string[], options: PullOptions): Promise<string> {
    const problems: string[] = [];
    for (const repository of repositories)
        try {
            return await pullFrom(repository, chart, options);
        } catch (error) {
            const { killed, stderr, message } = error as Error & { killed?: boolean; stderr?: string };
            const said = killed ? "no answer in time" : (stderr || message).trim().split("\n").at(-1)!;
            problems.push(`${repository}: ${said.replace(/^Error: /, "")}`);
        }
    const { name, version } = chart;
    throw new Error(
        `${CHARTS_VARIABLE}: helm cannot pull ${name} ${version}. ${problems.join("; ")}. ` +
            `Correct the address, or set ${CHARTS_VARIABLE} to a folder with ${name}-${version}.tgz.`,
    );
}

async function pullFrom(repository: string, { name, version }: Chart, options: PullOptions): Promise<string> {
    const { helmPath, cache = join(dirname(cacheRoot()), "charts"), seconds = PULL_SECONDS } = options;
    const folder = join(cache, createHash("sha256").update(repository).digest("hex").slice(0, 12));
    const archive = join(folder, `${name}-${version}.tgz`);
    if (existsSync(archive)) return archive;
    mkdirSync(folder, { recursive: true });
    const work = mkdtempSync(join(folder, "pull-"));
    try {
        const from = repository.startsWith("oci:") ? [`${repository}/${name}`] : [name, "--repo", repository];
        await run(helmPath, ["pull", ...from, "--version", version, "-d", work], {
            env: helmEnvironment(work),
            timeout: seconds * 1000,
        });
        const pulled = readdirSync(work).find((file) => file.endsWith(".tgz"));
        if (pulled === undefined) throw new Error("helm pulled nothing");
        renameSync(join(work, pulled), archive);
        return archive;
    } finally {
        rmSync(work, { recursive: true, force: true });
    }
}
