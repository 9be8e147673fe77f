/** The helmfile that Rampart writes for a graph. Emulated: petuum/rampart 47a837c, graph.py, component.py, component_chart.py. */
import type { ChartFacts } from "../charts/check.js";
import type { Component, Graph } from "../graph/parse.js";
import { rampartView } from "../graph/chart.js";
import { isMap } from "../python.js";
import type { Json, JsonObject } from "../types.js";

export interface Release {
    name: string;
    namespace: string;
    chart: string;
    version: string;
    needs?: string[];
    values: (string | JsonObject)[];
}

export interface Helmfile {
    repositories: Record<string, string>[];
    releases: Release[];
    helmDefaults: { recreatePods: false; wait: true; timeout: number };
}

/** Version constraint for a chart whose version is "latest": it allows all versions, including pre-releases. */
const NEWEST = ">0.0.0-0";

interface HelmfileSettings {
    /** RAMPART_REGISTRY. @default "" */
    registry: string;
    /** RAMPART_COMPONENT_INSTALL_TIMEOUT, for each release. */
    timeoutSeconds: number;
}

/**
 * @param facts results of the chart checks, by Chart.key
 * @param before called before the releases of each component are built. At this point, the real program runs `helm
 * diff`
 */
export function buildHelmfile(
    graph: Graph,
    facts: Map<string, ChartFacts>,
    settings: HelmfileSettings,
    before: (component: Component) => void = () => {},
): Helmfile {
    const repositories = new Map<string, Record<string, string>>();
    for (const chart of graph.charts) {
        const { name, url, options } = (facts.get(chart.key) as ChartFacts).repo;
        repositories.set(name, { name, url, ...helmfileKeys(options) });
    }
    return {
        repositories: [...repositories.values()],
        releases: graph.components.flatMap((component) => {
            before(component);
            return componentReleases(graph, component, facts, settings);
        }),
        helmDefaults: { recreatePods: false, wait: true, timeout: settings.timeoutSeconds },
    };
}

function componentReleases(
    graph: Graph,
    component: Component,
    facts: Map<string, ChartFacts>,
    settings: HelmfileSettings,
): Release[] {
    const { namespace, chart, needs } = component;
    const reference = (c: typeof chart) => `${(facts.get(c.key) as ChartFacts).repo.name}/${c.name}`;
    const version = (c: typeof chart) => (c.version === "latest" ? NEWEST : c.version);
    const releases: Release[] = [
        {
            name: "edges",
            namespace,
            chart: `${rampartView(graph.name)}_edges_helm`,
            version: "0.0.0",
            values: [`${component.uid}_edge.yaml`],
        },
        {
            name: "component",
            namespace,
            chart: reference(chart),
            version: version(chart),
            needs: [...needs, "edges"],
            values: [componentValues(graph, component, settings.registry)],
        },
    ];
    if (component.ingressNeeded && graph.aux) {
        // The real program throws a KeyError, whose text 'auxConfig' is the whole message in the status.
        if (component.body["auxConfig"] === undefined) throw new Error("'auxConfig'");
        releases.push({
            name: "auth-aux",
            namespace,
            chart: reference(graph.aux),
            version: version(graph.aux),
            ...(needs.length > 0 ? { needs } : {}),
            values: [component.body["auxConfig"] as JsonObject],
        });
    }
    return releases;
}

/** Helm values of a component: its config, merged with Rampart's own keys, which win. */
export function componentValues(graph: Graph, component: Component, registry: string): JsonObject {
    const ports = (part: string) =>
        Object.fromEntries(component.edges.filter((e) => e.part === part).map((e) => [e.name, e.mountPath ?? ""]));
    const rampart: JsonObject = {
        inputs: ports("Input"),
        outputs: ports("Output"),
        graphName: graph.name,
        namespace: graph.namespace,
        registry,
        URLPrefix: `/${graph.namespace}/${graph.name}/${component.name}`,
    };
    return mergeOver((component.body["config"] ?? {}) as JsonObject, { rampart, global: { rampart } });
}

function mergeOver(base: JsonObject, over: JsonObject): JsonObject {
    const out: JsonObject = { ...base };
    for (const [key, value] of Object.entries(over)) {
        const below: Json | undefined = out[key];
        out[key] = isMap(below) && isMap(value) ? mergeOver(below, value) : value;
    }
    return out;
}

/**
 * Python's str.title(): a letter becomes upper case at the start of the text and after a character that is not a
 * letter. All remaining letters become lower case.
 */
const title = (text: string) => text.toLowerCase().replace(/(?<![a-z])[a-z]/g, (letter) => letter.toUpperCase());

/**
 * Converts the keys of a repo's Secret to keys of helmfile. Names with hyphens become camelCase. forceUpdate is
 * omitted, because only helm uses it.
 */
export function helmfileKeys(options: Record<string, string>): Record<string, string> {
    const camel = (key: string) => {
        const [first, ...rest] = key.split("-") as [string, ...string[]];
        return first + rest.map(title).join("");
    };
    return Object.fromEntries(
        Object.entries(options)
            .map(([key, value]) => [camel(key), value] as const)
            .filter(([key]) => key !== "forceUpdate"),
    );
}
