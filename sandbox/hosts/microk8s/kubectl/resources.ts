/** Kinds of the kubectl emulator, with their names on the command line. */
import { KubectlError } from "./call";
import { ask, type KubeObject, type KubeRest } from "../rest";

export interface Resource {
    plural: string;
    singular: string;
    /** Name in the output, for example `deployment.apps`. */
    full: string;
    group: string;
    namespaced: boolean;
    short: string[];
}

const resource = (
    plural: string,
    singular: string,
    short: string[],
    group = "/api/v1",
    namespaced = true,
): Resource => {
    const api = /^\/apis\/([\w.]+)\//.exec(group)?.[1];
    return { plural, singular, short, group, namespaced, full: api ? `${singular}.${api}` : singular };
};

const RESOURCES = [
    resource("nodes", "node", ["no"], "/api/v1", false),
    resource("namespaces", "namespace", ["ns"], "/api/v1", false),
    resource("pods", "pod", ["po"]),
    resource("services", "service", ["svc"]),
    resource("deployments", "deployment", ["deploy"], "/apis/apps/v1"),
    resource("storageclasses", "storageclass", ["sc"], "/apis/storage.k8s.io/v1", false),
];

function resourceNamed(given: string): Resource {
    const known = RESOURCES.find(({ plural, singular, full, short }) =>
        [plural, singular, full, ...short].includes(given.toLowerCase()),
    );
    if (!known) throw new KubectlError(`unsupported by the sandbox: kubectl with resource ${given}`);
    return known;
}

/** Resolves words such as `node a b` or `node/a node/b`. If the words contain no names, all objects are meant. */
export function targets(words: string[]): { resource: Resource; names: string[] } {
    if (words.length === 0) throw new KubectlError("error: you must specify one or more resources");
    if (!words[0].includes("/")) return { resource: resourceNamed(words[0]), names: words.slice(1) };
    const pairs = words.map((word) => word.split("/"));
    const kinds = new Set(pairs.map(([kind]) => resourceNamed(kind)));
    if (kinds.size > 1) throw new KubectlError("unsupported by the sandbox: kubectl with several kinds in one command");
    return { resource: [...kinds][0], names: pairs.map(([, name]) => name) };
}

/** Path of a collection. @param namespace unset: all namespaces */
export function collection({ group, plural, namespaced }: Resource, namespace?: string): string {
    return `${group}${namespaced && namespace ? `/namespaces/${namespace}` : ""}/${plural}`;
}

export async function list(
    rest: KubeRest,
    path: string,
    selectors: Record<string, string> = {},
): Promise<KubeObject[]> {
    const query = new URLSearchParams(selectors).toString();
    return (await ask<{ items: KubeObject[] }>(rest, "GET", query ? `${path}?${query}` : path)).items;
}

/**
 * Returns the nodes that are selected by their names, by `-l` or by `--all`. @throws ApiError if a named node does not
 * exist
 */
export async function nodesNamed(
    rest: KubeRest,
    names: string[],
    { "--selector": selector, "--all": all }: Record<string, string>,
): Promise<KubeObject[]> {
    if (selector) return list(rest, "/api/v1/nodes", { labelSelector: selector });
    if (all) return list(rest, "/api/v1/nodes");
    if (names.length === 0)
        throw new KubectlError("error: one or more nodes must be specified by name or with --selector");
    return Promise.all(names.map((name) => ask<KubeObject>(rest, "GET", `/api/v1/nodes/${name}`)));
}
