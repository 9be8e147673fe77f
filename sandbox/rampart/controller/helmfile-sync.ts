/**
 * Emulates `helmfile sync` (0.144.0) with helm only.
 * Unsupported: the `edges` release of every component (volumes, config map, pod preset; its chart is Rampart's own).
 */
import type { Helmfile, Release } from "./helmfile.js";
import { HelmError, type HelmRunner } from "../charts/helm-runner.js";
import type { JsonObject } from "../types.js";

export interface ProcessResult {
    code: number;
    stdout: string;
    stderr: string;
}

/**
 * Runs `helmfile --file <path> sync`. The promise settles only after all processes of helmfile have ended, even after
 * an abort.
 */
export type HelmfileRunner = (helmfile: Helmfile, path: string, signal: AbortSignal) => Promise<ProcessResult>;

const id = (release: Release) => `${release.namespace}/${release.name}`;

/**
 * Runs releases with helm in layers: a release starts after those in its `needs`. After a failed layer no further layer starts.
 */
export function helmfileOver(helm: HelmRunner): HelmfileRunner {
    return async (helmfile, path, signal) => {
        const file = `in ./${path.split("/").pop()}: `;
        const releases = helmfile.releases.filter((release) => release.name !== "edges");
        const layers = planLayers(releases);
        if (typeof layers === "string") return { code: 1, stdout: "", stderr: `${file}${layers}\n` };
        let stdout = helmfile.repositories.map((repo) => `Adding repo ${repo["name"]} ${repo["url"]}\n`).join("");
        for (const layer of layers) {
            stdout += layer.map((r) => `Upgrading release=${r.name}, chart=${r.chart}\n`).join("");
            const results = await Promise.allSettled(layer.map((release) => upgrade(helm, release, helmfile, signal)));
            const failed = results.flatMap((r, i) =>
                r.status === "rejected" ? [describe(layer[i] as Release, r.reason)] : [],
            );
            if (failed.length > 0) return { code: 1, stdout, stderr: `${file}${failed.join("\n")}\n` };
        }
        return { code: 0, stdout, stderr: "" };
    };
}

function upgrade(helm: HelmRunner, release: Release, helmfile: Helmfile, signal: AbortSignal): Promise<void> {
    const [repo, name] = release.chart.split(/\/(.*)/s) as [string, string];
    return helm.upgradeInstall(
        {
            release: release.name,
            namespace: release.namespace,
            chart: { repo, name, version: release.version },
            values: release.values[0] as JsonObject,
            timeoutSeconds: helmfile.helmDefaults.timeout,
            wait: true,
        },
        signal,
    );
}

/** Sorts releases into layers by their `needs`; returns helmfile's message if the needs are invalid. */
export function planLayers(releases: Release[]): Release[][] | string {
    const known = new Set(releases.map(id));
    const needsOf = (release: Release) =>
        (release.needs ?? []).filter((need) => need !== "edges").map((need) => [id(release), need] as const);
    for (const [dependent, need] of releases.flatMap(needsOf)) {
        if (known.has(need)) continue;
        const name = need.split("/").pop();
        return (
            `release(s) "${dependent}" depend(s) on an undefined release "${need}". Perhaps you made a typo in "needs" ` +
            `or forgot defining a release named "${name}" with appropriate "namespace" and "kubeContext"?`
        );
    }
    const layers: Release[][] = [];
    const done = new Set<string>();
    let rest = releases;
    while (rest.length > 0) {
        const ready = rest.filter((release) => needsOf(release).every(([, need]) => done.has(need)));
        if (ready.length === 0) return `cycle detected in needs of ${rest.map((r) => `"${id(r)}"`).join(", ")}`;
        ready.forEach((release) => done.add(id(release)));
        rest = rest.filter((release) => !ready.includes(release));
        layers.push(ready);
    }
    return layers;
}

/** The report of a failed release as helmfile writes it: all arguments of helm, and helm's output indented by two spaces. */
function describe(release: Release, reason: unknown): string {
    const start = `failed processing release ${release.name}: command "helm" exited with non-zero status`;
    if (!(reason instanceof HelmError)) return `${start}: ${reason instanceof Error ? reason.message : String(reason)}`;
    const indent = (text: string) => text.trimEnd().replace(/^/gm, "  ");
    const args = reason.args.map((arg, i) => `  ${i}: ${arg} (${Buffer.byteLength(arg)} bytes)`).join("\n");
    return [
        `${start}:\n`,
        `PATH:\n  helm\n`,
        `ARGS:\n${args}\n`,
        `ERROR:\n  exit status ${reason.code}\n`,
        `EXIT STATUS\n  ${reason.code}\n`,
        `STDERR:\n${indent(reason.stderr)}\n`,
        `COMBINED OUTPUT:\n${indent(reason.stdout + reason.stderr)}`,
    ].join("\n");
}
