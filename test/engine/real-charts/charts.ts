/** The real charts: where the tests find them, and what the real helm makes of them. */
import { execFile } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import type { KubernetesObject } from "@kubernetes/client-node";
import { parse, parseAllDocuments, stringify } from "yaml";
import type { Tree } from "../../../policy/rules/resource";
import versions from "../../../sandbox/toolchain/versions.json";
import type { ValueSet } from "./value-sets";

const run = promisify(execFile);

/** A folder with the charts, or the address of a chart repository that has them. */
export const CHARTS = process.env.ALPA_AUTH_CHARTS;

export class RealCharts {
    private readonly found = new Map<string, Promise<string>>();

    /** @param folder for what helm writes */
    constructor(
        private readonly helmPath: string,
        private readonly folder: string,
        private readonly source: string,
    ) {}

    /** Path of a chart, as a folder or an archive. */
    path({ name, version }: ValueSet["chart"]): Promise<string> {
        const key = `${name}-${version}`;
        const known = this.found.get(key) ?? this.find(name, version);
        this.found.set(key, known);
        return known;
    }

    /** Objects that the chart makes of values. @throws what helm says where it refuses them */
    async render(set: ValueSet, values = set.values, more: string[] = []): Promise<KubernetesObject[]> {
        const { release, namespace } = set.installation;
        const file = join(this.folder, `values-${(this.files += 1)}.yaml`);
        writeFileSync(file, stringify(values));
        const chart = await this.path(set.chart);
        // Of a helm that is built from source the default is 1.20, for which charts write other objects.
        const server = ["--kube-version", versions.kubernetes];
        const text = await this.helm(["template", release, chart, "-n", namespace, "-f", file, ...server, ...more]);
        return parseAllDocuments(text).flatMap((document) => {
            if (document.errors.length > 0) throw document.errors[0];
            const object = document.toJS() as KubernetesObject | null;
            return object === null ? [] : [object];
        });
    }
    private files = 0;

    /** Custom resource definitions that a chart brings along. */
    async definitions(chart: ValueSet["chart"]): Promise<KubernetesObject[]> {
        const text = await this.helm(["show", "crds", await this.path(chart)]);
        return parseAllDocuments(text).flatMap((document) => {
            const object = document.toJS() as KubernetesObject | null;
            return object?.kind === "CustomResourceDefinition" ? [object] : [];
        });
    }

    private async find(name: string, version: string): Promise<string> {
        if (/^(https?|oci):\/\//.test(this.source)) {
            await this.helm(["pull", name, "--repo", this.source, "--version", version, "-d", this.folder]);
            return join(this.folder, `${name}-${version}.tgz`);
        }
        const archive = join(this.source, `${name}-${version}.tgz`);
        if (existsSync(archive)) return archive;
        const folder = join(this.source, name);
        const about = join(folder, "Chart.yaml");
        const has = existsSync(about) ? (parse(readFileSync(about, "utf8")) as Tree).version : "no such chart";
        if (has === version) return folder;
        throw new Error(
            `ALPA_AUTH_CHARTS: ${this.source} must hold ${name} ${version} (got ${String(has)}). Put ${name}-${version}.tgz, or the folder ${name}, there.`,
        );
    }

    private async helm(args: string[]): Promise<string> {
        const own = ["CACHE", "CONFIG", "DATA"].map((kind) => [`HELM_${kind}_HOME`, join(this.folder, "helm", kind)]);
        const env = { ...process.env, ...(Object.fromEntries(own) as Record<string, string>) };
        const { stdout } = await run(this.helmPath, args, { env, timeout: 60_000, maxBuffer: 64 << 20 });
        return stdout;
    }
}
