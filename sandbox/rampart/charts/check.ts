/**
 * The controller's check of the charts of a graph. The repo must answer, and the chart must exist. The annotation of
 * the chart declares inputs and outputs, and the infrastructure that the chart provides or requires.
 * Emulated: petuum/rampart 47a837c, component_chart.py, repository.py.
 */
import type { GraphApi } from "../kubernetes/api.js";
import { asYaml, type ComponentSpec, type PortSpec, readSpec } from "./annotation.js";
import type { ChartCache } from "./cache.js";
import { type Chart, helmRepoName, kubernetesView, rampartView } from "../graph/chart.js";
import { Crash, GraphErrors } from "../errors.js";
import { HelmError, type HelmRepo, type HelmRunner, HelmTimeout } from "./helm-runner.js";
import type { Edge, Graph, GraphRef, TaskRef } from "../graph/parse.js";
import { isMap, repr } from "../python.js";
import { CHART_ANNOTATION, type InfraSource } from "../types.js";

export interface ChartFacts extends ComponentSpec {
    repo: HelmRepo;
    /** Name of the chart in messages. */
    specName: string;
}

interface ChartSources {
    api: GraphApi;
    helm: HelmRunner;
    charts: ChartCache;
    controllerNamespace: string;
    repoTimeoutSeconds: number;
    signal: AbortSignal;
}

const invalid = (text: string) => new GraphErrors("validation", [text]);

export async function inspectChart(chart: Chart, ref: TaskRef, from: ChartSources): Promise<ChartFacts> {
    const { repo, fullUrl } = await findRepo(chart, ref, from);
    const limits = { timeoutSeconds: from.repoTimeoutSeconds, signal: from.signal };
    const adding = `Failed to add repo ${repo.name} whose url is ${repo.url}.\n`;
    await report(from.helm.repoCheck(repo, limits), adding, adding);
    const specName = rampartView(`component-spec-${chart.name}-${chart.version}-${repo.name}`);
    const annotation = await annotationOf(chart, repo, ref, from);
    if (annotation === "") return { repo, specName, inputs: [], outputs: [], provides: [], requires: [] };
    const spec = readSpec(annotation, specName, (why) =>
        invalid(
            `Error parsing chart annotations for (${chart.name}, ${chart.version}) at ${fullUrl}, please make sure that ` +
                `your component  spec under 'annotations' is valid.\n${why}`,
        ),
    );
    return { repo, specName, ...spec };
}

/**
 * The annotation of a chart; "" if the chart has no annotation. For a fixed version, the annotation is read once and
 * cached. For the version "latest", every check reads the annotation, because a newer version may have been published.
 */
async function annotationOf(chart: Chart, repo: HelmRepo, { uid }: TaskRef, from: ChartSources): Promise<string> {
    const cache = from.charts.of(repo, uid);
    const key = JSON.stringify([chart.name, chart.version]);
    const known = cache.get(key);
    if (known !== undefined) return known;
    const limits = { timeoutSeconds: from.repoTimeoutSeconds, signal: from.signal };
    const showing = `Failed to get chart descriptions for ${repo.name}/${chart.name}\n`;
    const version = chart.version === "latest" ? undefined : chart.version;
    const shown = from.helm.showChart(repo, chart.name, version, limits);
    const text = await report(shown, showing, `Failed to show chart for repo ${repo.url}.\n`);
    const file = asYaml(text, (error) =>
        invalid(
            `Error parsing chart descriptions for ${repo.name}/${chart.name}, ` +
                `please make sure that your chart is valid\n${error}`,
        ),
    );
    const annotations = isMap(file) ? file["annotations"] : undefined;
    const annotation = String((isMap(annotations) && annotations[CHART_ANNOTATION]) || "");
    if (version !== undefined) cache.set(key, annotation);
    return annotation;
}

async function report<T>(running: Promise<T>, failed: string, late: string): Promise<T> {
    try {
        return await running;
    } catch (error) {
        if (error instanceof HelmError) throw invalid(failed + error.stderr);
        if (error instanceof HelmTimeout) throw invalid(`${late}Operation timed out`);
        throw error;
    }
}

async function findRepo(chart: Chart, ref: GraphRef, from: ChartSources): Promise<{ repo: HelmRepo; fullUrl: string }> {
    if ("url" in chart.source) {
        const { url } = chart.source;
        return { repo: { name: helmRepoName(url), url: trim(url), options: {} }, fullUrl: url };
    }
    const { secretName } = chart.source;
    // If the name is empty, the real program requests the list of all Secrets instead. It crashes, because the list has
    // no `data`.
    if (secretName === "") throw new Crash("TypeError: argument of type 'NoneType' is not iterable");
    const elsewhere = kubernetesView(from.controllerNamespace);
    const data =
        (await from.api.getSecret(ref.namespace, secretName)) ?? (await from.api.getSecret(elsewhere, secretName));
    if (data === undefined) {
        throw invalid(`Secret ${secretName} not found in namespaces ${ref.namespace} or ${elsewhere}`);
    }
    const { url, ...options } = data;
    if (url === undefined) {
        if (Object.keys(data).length === 0) throw new Crash("TypeError: argument of type 'NoneType' is not iterable");
        throw new Crash("KeyError: 'url'");
    }
    const name = `${helmRepoName(url)}_full-secret_${rampartView(secretName)}`;
    const trimmed = Object.fromEntries(Object.entries(options).map(([key, value]) => [key, value.trim()]));
    return { repo: { name, url: trim(url), options: trimmed }, fullUrl: url };
}

const trim = (url: string) => url.replace(/^\/+|\/+$/g, "");

/**
 * Compares an edge with the chart's declaration of its input or output: the exact name, or else the longest matching `prefix*`.
 */
export function edgeAgainstChart(edge: Edge, facts: ChartFacts): string[] {
    const specs = edge.part === "Input" ? facts.inputs : facts.outputs;
    const exact = specs.find((spec) => spec.name === edge.name);
    const byPrefix = specs
        .filter((spec) => spec.name.endsWith("*") && edge.name.startsWith(spec.name.slice(0, -1)))
        .sort((a, b) => b.name.length - a.name.length)[0];
    const spec = exact ?? byPrefix;
    const own = rampartView(edge.name);
    if (edge.type !== "PULSAR" && edge.mountPath === undefined) edge.mountPath = defaultMountPath(own, spec);
    if (spec === undefined || spec.type.toUpperCase() === edge.type) return [];
    const part = edge.part.toLowerCase();
    const type = spec.type.toUpperCase();
    const start = `${edge.part} ${own} with type ${edge.type} does not match`;
    if (!spec.name.endsWith("*")) return [`${start} ComponentSpec ${part} ${spec.name} with type ${type}`];
    const prefix = spec.name.slice(0, -1);
    return [`${start} variadic ComponentSpec ${part} ${own} with prefix ${prefix} and type ${type}`];
}

function defaultMountPath(name: string, spec: PortSpec | undefined): string {
    if (!spec?.mountPath) return `/${name}`;
    if (!spec.name.endsWith("*")) return spec.mountPath;
    return spec.mountPath.slice(0, -1) + name.slice(spec.name.length - 1);
}

/** Errors if two graphs provide the same infrastructure, or a required infrastructure is not provided. */
export function infraProblems(graph: Graph, facts: ChartFacts[], provided: Record<string, InfraSource>): string[] {
    const known = { ...provided };
    const errors: string[] = [];
    for (const { provides, specName } of facts) {
        const taken = provides.filter(
            (infra) => known[infra] && (known[infra].name !== graph.name || known[infra].namespace !== graph.namespace),
        );
        if (taken.length > 0) {
            // No space before "provides", as in the real message.
            errors.push(`Component chart ${specName}provides duplicate/conflicting infrastructure ${repr(taken)}`);
        }
        for (const infra of provides) known[infra] = { namespace: graph.namespace, name: graph.name };
    }
    for (const { requires, specName } of facts) {
        const missing = requires.filter((infra) => known[infra] === undefined);
        if (missing.length > 0) {
            errors.push(
                `Component chart ${specName} requires infrastructure ${repr(missing)} to be installed. Please ensure ` +
                    "you have a graph providing those dependencies installed on your cluster",
            );
        }
    }
    return errors;
}
