/** The verbs label, taint, cordon, uncordon and delete of kubectl, for nodes. */
import { unsupported, type Reply, said } from "../../reply";
import { taintOf } from "../cluster";
import { ApiError, ask, find, type KubeObject, MERGE_PATCH } from "../rest";
import { type KubectlCall, KubectlError } from "./call";
import { nodesNamed, targets } from "./resources";

interface Taint {
    key: string;
    value?: string;
    effect: string;
}

const patch = ({ rest }: KubectlCall, node: KubeObject, change: object) =>
    ask(rest, "PATCH", `/api/v1/nodes/${node.metadata.name}`, change, MERGE_PATCH);

/** Splits the words of a command into names of nodes and changes. */
function split(words: string[], isChange: (word: string) => boolean): { names: string[]; changes: string[] } {
    const at = words.findIndex((word, i) => i > 0 && isChange(word));
    const { resource, names } = targets(at < 0 ? words : words.slice(0, at));
    if (resource.plural !== "nodes")
        throw new KubectlError("unsupported by the sandbox: kubectl changes of objects other than nodes");
    return { names, changes: at < 0 ? [] : words.slice(at) };
}

/** Values of labels to set; null for a label to remove. @param changes words of the form `key=value` or `key-` */
function changedLabels(had: Record<string, string>, changes: string[], overwrite: boolean) {
    const labels: Record<string, string | null> = {};
    for (const change of changes) {
        const removed = /^([^=]+)-$/.exec(change)?.[1];
        if (removed !== undefined) {
            if (removed in had) labels[removed] = null;
            continue;
        }
        const [key, ...value] = change.split("=");
        if (key in had && had[key] !== value.join("=") && !overwrite)
            throw new KubectlError(`error: '${key}' already has a value (${had[key]}), and --overwrite is false`);
        if (had[key] !== value.join("=")) labels[key] = value.join("=");
    }
    return labels;
}

export async function label(call: KubectlCall): Promise<Reply> {
    const { names, changes } = split(call.words, (word) => /^[^=]+=|-$/.test(word));
    if (changes.length === 0) throw new KubectlError("error: at least one label update is required");
    let out = "";
    for (const node of await nodesNamed(call.rest, names, call.options)) {
        const labels = changedLabels(node.metadata.labels ?? {}, changes, Boolean(call.options["--overwrite"]));
        const values = Object.values(labels);
        if (values.length > 0) await patch(call, node, { metadata: { labels } });
        const done =
            values.length === 0 ? "not labeled" : values.some((value) => value !== null) ? "labeled" : "unlabeled";
        out += `node/${node.metadata.name} ${done}\n`;
    }
    return said(out);
}

export async function taint(call: KubectlCall): Promise<Reply> {
    const { names, changes } = split(call.words, (word) => /:|-$/.test(word));
    if (changes.length === 0) throw new KubectlError("error: at least one taint update is required");
    let out = "";
    for (const node of await nodesNamed(call.rest, names, call.options)) {
        const added = await changeTaints(call, node, changes);
        out += `node/${node.metadata.name} ${added ? "tainted" : "untainted"}\n`;
    }
    return said(out);
}

/** @returns whether the command added a taint or changed the value of a taint */
async function changeTaints(call: KubectlCall, node: KubeObject, changes: string[]): Promise<boolean> {
    const { name, resourceVersion } = node.metadata;
    let taints: Taint[] = node.spec?.taints ?? [];
    let added = false;
    for (const change of changes) {
        if (change.endsWith("-")) {
            const [key, effect] = change.slice(0, -1).split(":");
            const left = taints.filter((one) => one.key !== key.split("=")[0] || (effect && one.effect !== effect));
            if (left.length === taints.length)
                throw new KubectlError(`error: taint "${change.slice(0, -1)}" not found`);
            taints = left;
            continue;
        }
        const wanted = taintOf(change);
        const same = taints.find((one) => one.key === wanted.key && one.effect === wanted.effect);
        if (same && !call.options["--overwrite"])
            throw new KubectlError(
                `error: node ${name} already has ${wanted.key} taint(s) with same effect(s) and --overwrite is false`,
            );
        taints = [...taints.filter((one) => one !== same), wanted];
        added = true;
    }
    try {
        // The whole list is written with its resourceVersion. If a controller has changed the node meanwhile, the API
        // rejects the write, so the controller's change is not lost.
        await patch(call, node, { metadata: { resourceVersion }, spec: { taints: taints.length > 0 ? taints : null } });
    } catch (error) {
        if (!(error instanceof ApiError && error.status === 409)) throw error;
        return changeTaints(call, await ask<KubeObject>(call.rest, "GET", `/api/v1/nodes/${name}`), changes);
    }
    return added;
}

/** Returns the nodes of a command such as cordon or drain, whose words contain only names of nodes. */
export function plainNodes(call: KubectlCall): Promise<KubeObject[]> {
    return nodesNamed(
        call.rest,
        call.words.map((word) => word.replace(/^nodes?\//, "")),
        call.options,
    );
}

export async function cordon(call: KubectlCall, on: boolean): Promise<Reply> {
    const verb = on ? "cordoned" : "uncordoned";
    let out = "";
    for (const node of await plainNodes(call)) {
        const already = (node.spec?.unschedulable ?? false) === on;
        if (!already) await patch(call, node, { spec: { unschedulable: on ? true : null } });
        out += `node/${node.metadata.name} ${already ? "already " : ""}${verb}\n`;
    }
    return said(out);
}

export async function deleteNodes(call: KubectlCall): Promise<Reply> {
    const { resource, names } = targets(call.words);
    if (resource.plural !== "nodes") return unsupported(`kubectl delete ${resource.singular}`);
    if (names.length === 0) throw new KubectlError("error: resource(s) were provided, but no name was specified");
    let out = "";
    for (const name of names) {
        const path = `/api/v1/nodes/${name}`;
        if (call.options["--ignore-not-found"] && !(await find(call.rest, path))) continue;
        await ask(call.rest, "DELETE", path);
        out += `node "${name}" deleted\n`;
    }
    return said(out);
}
