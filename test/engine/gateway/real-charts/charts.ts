/** The real charts: where the tests find them, and what the real helm renders from them. */
import { execFile } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import type { KubernetesObject } from "@kubernetes/client-node";
import { parseAllDocuments, stringify } from "yaml";
import { helmEnvironment } from "../../../../sandbox/charts/package";
import { chartIn, CHARTS_VARIABLE, pullChart, repositoriesOf } from "../../../../sandbox/real/charts";
import versions from "../../../../sandbox/toolchain/versions.json";
import type { ValueSet } from "./value-sets";

const run = promisify(execFile);

/** A folder with the charts, or the addresses of chart repositories. */
export const CHARTS = process.env[CHARTS_VARIABLE];

export class RealCharts {
    private readonly found = new Map<string, Promise<string>>();

    /** @param folder for helm's files */
    constructor(
        private readonly helmPath: string,
        private readonly folder: string,
        private readonly source: string,
    ) {}

    /** Path of a chart, as a folder or an archive. */
    path(chart: ValueSet["chart"]): Promise<string> {
        const key = `${chart.name}-${chart.version}`;
        const known = this.found.get(key) ?? this.find(chart);
        this.found.set(key, known);
        return known;
    }

    /** Objects that the chart renders from these values. @throws helm's error if helm rejects the values */
    async render(set: ValueSet, values = set.values, more: string[] = []): Promise<KubernetesObject[]> {
        const { release, namespace } = set.installation;
        const file = join(this.folder, `values-${(this.files += 1)}.yaml`);
        writeFileSync(file, stringify(values));
        const chart = await this.path(set.chart);
        // A helm that is built from source defaults to Kubernetes 1.20, for which charts render other objects.
        const server = ["--kube-version", versions.kubernetes];
        const text = await this.helm(["template", release, chart, "-n", namespace, "-f", file, ...server, ...more]);
        return parseAllDocuments(text).flatMap((document) => {
            if (document.errors.length > 0) throw document.errors[0];
            const object = document.toJS() as KubernetesObject | null;
            return object === null ? [] : [object];
        });
    }
    private files = 0;

    /** CRDs of a chart. */
    async definitions(chart: ValueSet["chart"]): Promise<KubernetesObject[]> {
        const text = await this.helm(["show", "crds", await this.path(chart)]);
        return parseAllDocuments(text).flatMap((document) => {
            const object = document.toJS() as KubernetesObject | null;
            return object?.kind === "CustomResourceDefinition" ? [object] : [];
        });
    }

    private async find(chart: ValueSet["chart"]): Promise<string> {
        const repositories = repositoriesOf(this.source);
        if (repositories) return pullChart(chart, repositories, { helmPath: this.helmPath });
        const { name, version } = chart;
        const found = chartIn(this.source, chart);
        if (found.version === version) return found.path;
        throw new Error(
            `${CHARTS_VARIABLE}: ${this.source} must hold ${name} ${version} (got ${found.version}). Put ${name}-${version}.tgz there.`,
        );
    }

    private async helm(args: string[]): Promise<string> {
        const env = helmEnvironment(this.folder);
        const { stdout } = await run(this.helmPath, args, { env, timeout: 60_000, maxBuffer: 64 << 20 });
        return stdout;
    }
}
