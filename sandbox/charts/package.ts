/** Packages the emulated charts with the real helm, with sub-charts, CRDs and schemas where Helm expects them. */
import { execFile } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { promisify } from "node:util";
import { parse, stringify } from "yaml";
import { GRAPH_CRD } from "../rampart/graph";
import { KUBERAY_CRDS } from "../toolchain/recipes";

const run = promisify(execFile);

/** Folders of the chart sources and of the custom resource definitions. */
const CHARTS = __dirname;
const CRDS = join(__dirname, "../crds");

/** Alias of the sub-chart apisix-ingress-controller in the chart apisix. */
const ALIAS = "ingress-controller";

/** Packages the emulated charts of APISIX's official repository into `folder`. */
export async function packageCharts(helmPath: string, folder: string): Promise<void> {
    const source = join(folder, "source");
    const archives = join(folder, "archives");
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(archives, { recursive: true });
    const controller = copyChart("apisix-ingress-controller", source);
    copyCrds(join(controller, "crds"));
    const apisix = copyChart("apisix", source);
    cpSync(controller, join(apisix, "charts", ALIAS), { recursive: true });
    for (const chart of [apisix, controller]) await helm(helmPath, folder, ["package", chart, "-d", archives]);
}

/** Packages the chart of KubeRay's operator into `folder`. @param crds folder with the CRDs of the operator's version */
export async function packageKuberay(helmPath: string, folder: string, crds: string): Promise<void> {
    const chart = copyChart("kuberay-operator", join(folder, "source"));
    mkdirSync(join(chart, "crds"));
    for (const name of KUBERAY_CRDS) cpSync(join(crds, name), join(chart, "crds", name));
    await helm(helmPath, folder, ["package", chart, "-d", join(folder, "archives")]);
}

/** Packages the chart of Rampart with its CRD, for a private repository. */
export async function packageRampart(helmPath: string, folder: string): Promise<void> {
    const archives = join(folder, "archives");
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(archives, { recursive: true });
    const chart = copyChart("rampart", join(folder, "source"));
    mkdirSync(join(chart, "crds"));
    writeFileSync(join(chart, "crds", `${GRAPH_CRD.metadata.name}.yaml`), stringify(GRAPH_CRD));
    await helm(helmPath, folder, ["package", chart, "-d", archives]);
}

/** Adds real charts without changes. @param charts chart folders, which are packaged, and archives, which are copied */
export async function packageReal(helmPath: string, folder: string, charts: string[]): Promise<void> {
    const archives = join(folder, "archives");
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(archives, { recursive: true });
    for (const chart of charts)
        if (chart.endsWith(".tgz")) cpSync(chart, join(archives, basename(chart)));
        else await helm(helmPath, folder, ["package", chart, "-d", archives]);
}

export async function writeIndex(helmPath: string, folder: string, url: string): Promise<void> {
    await helm(helmPath, folder, ["repo", "index", join(folder, "archives"), "--url", url]);
}

/**
 * A schema that accepts only the names of a chart's default values, with the same types. An empty map or list is a structure of
 * Kubernetes. The schema of the sub-chart is inserted, because Helm checks the values of a sub-chart only if it is enabled.
 */
function valuesSchema(chart: string): object {
    const { properties, ...rest } = schemaOf(parse(readFileSync(join(CHARTS, chart, "values.yaml"), "utf8")) ?? {});
    // Rampart adds rampart and global.rampart to the values of every component. Helm adds global to those of a sub-chart.
    const added = { rampart: {}, global: {}, enabled: {} };
    const below = chart === "apisix" ? { [ALIAS]: valuesSchema("apisix-ingress-controller") } : {};
    return { ...rest, properties: { ...properties, ...added, ...below } };
}

function schemaOf(value: unknown): { type: string; properties?: object; additionalProperties?: boolean } {
    if (Array.isArray(value)) return { type: "array" };
    if (typeof value === "number") return { type: "integer" };
    if (typeof value !== "object" || value === null) return { type: typeof value };
    const properties = Object.entries(value).map(([key, below]) => [key, schemaOf(below)]);
    if (properties.length === 0) return { type: "object" };
    return { type: "object", properties: Object.fromEntries(properties), additionalProperties: false };
}

function copyChart(name: string, to: string): string {
    const folder = join(to, name);
    cpSync(join(CHARTS, name), folder, { recursive: true });
    if (name !== "rampart") writeFileSync(join(folder, "values.schema.json"), JSON.stringify(valuesSchema(name)));
    return folder;
}

/** Copies the CRDs of the ingress controller and of the Gateway API into the chart of the ingress controller. */
function copyCrds(to: string): void {
    mkdirSync(to, { recursive: true });
    for (const group of existsSync(CRDS) ? readdirSync(CRDS) : []) {
        if (group !== "apisix" && group !== "gateway-api") continue;
        for (const file of readdirSync(join(CRDS, group)).filter((name) => /\.ya?ml$/.test(name))) {
            cpSync(join(CRDS, group, file), join(to, `${group}-${file}`));
        }
    }
    if (readdirSync(to).length === 0) {
        throw new Error(`${CRDS}: the CRDs of apisix and gateway-api are missing. Restore the folder.`);
    }
}

/**
 * Environment for helm, with separate folders, so that helm neither reads nor changes the user's repositories and
 * caches.
 */
export function helmEnvironment(folder: string): NodeJS.ProcessEnv {
    return {
        ...process.env,
        HELM_CACHE_HOME: join(folder, "helm/cache"),
        HELM_CONFIG_HOME: join(folder, "helm/config"),
        HELM_DATA_HOME: join(folder, "helm/data"),
    };
}

async function helm(helmPath: string, folder: string, args: string[]): Promise<void> {
    try {
        await run(helmPath, args, { env: helmEnvironment(folder), timeout: 60_000 });
    } catch (error) {
        const { stderr, message } = error as Error & { stderr?: string };
        throw new Error(`helm ${args[0]}: failed for the sandbox's charts: ${stderr || message}`);
    }
}
