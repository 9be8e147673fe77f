/** Packages the emulated charts with the real helm, with sub-charts, CRDs and schemas where Helm expects them. */
import { execFile } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { promisify } from "node:util";
import { stringify } from "yaml";
import { crds } from "../rampart/kubernetes/crds";
import { KUBERAY_CRDS } from "../toolchain/recipes";

const run = promisify(execFile);

/** Folders of the chart sources and of the custom resource definitions. */
const CHARTS = __dirname;
const CRDS = join(__dirname, "../crds");

/** Sub-charts of apisix. The key is the folder of the sub-chart, the value its alias in the parent chart. */
const SUB_CHARTS = { "apisix-ingress-controller": "ingress-controller" };

/** Packages the emulated charts of APISIX's official repository into `folder`. */
export async function packageCharts(helmPath: string, folder: string): Promise<void> {
    const source = join(folder, "source");
    const archives = join(folder, "archives");
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(archives, { recursive: true });
    const controller = copyChart("apisix-ingress-controller", source);
    copyCrds(join(controller, "crds"));
    const apisix = copyChart("apisix", source);
    for (const name of Object.keys(SUB_CHARTS)) cpSync(controller, join(apisix, "charts", name), { recursive: true });
    writeFileSync(join(apisix, "values.schema.json"), JSON.stringify(completeSchema()));
    for (const chart of [apisix, controller]) await helm(helmPath, folder, ["package", chart, "-d", archives]);
}

/** Packages the chart of KubeRay's operator into `folder`. @param crds folder with the CRDs of the operator's version */
export async function packageKuberay(helmPath: string, folder: string, crds: string): Promise<void> {
    const chart = copyChart("kuberay-operator", join(folder, "source"));
    mkdirSync(join(chart, "crds"));
    for (const name of KUBERAY_CRDS) cpSync(join(crds, name), join(chart, "crds", name));
    await helm(helmPath, folder, ["package", chart, "-d", join(folder, "archives")]);
}

/** Packages the chart of Rampart with its CRDs, for a private repository. */
export async function packageRampart(helmPath: string, folder: string): Promise<void> {
    const archives = join(folder, "archives");
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(archives, { recursive: true });
    const chart = copyChart("rampart", join(folder, "source"));
    mkdirSync(join(chart, "crds"));
    for (const definition of crds())
        writeFileSync(join(chart, "crds", `${definition.metadata.name}.yaml`), stringify(definition));
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
 * The values schema of the chart apisix, with the schemas of its sub-charts inserted. Helm checks the values of a sub-chart
 * only if it is enabled; with the inserted schema, a misspelt value is always rejected.
 */
export function completeSchema(): Record<string, unknown> {
    const schema = readSchema("apisix");
    const properties = schema.properties as Record<string, unknown>;
    for (const [chart, key] of Object.entries(SUB_CHARTS)) {
        const { $schema: _, ...own } = readSchema(chart);
        properties[key] = own;
    }
    return schema;
}

function readSchema(chart: string): Record<string, unknown> {
    return JSON.parse(readFileSync(join(CHARTS, chart, "values.schema.json"), "utf8")) as Record<string, unknown>;
}

function copyChart(name: string, to: string): string {
    const folder = join(to, name);
    cpSync(join(CHARTS, name), folder, { recursive: true });
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
