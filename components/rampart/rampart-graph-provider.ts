import { isDeepStrictEqual } from "node:util";
import type * as pulumi from "@pulumi/pulumi";
import { askApi, openApiServer, type ApiRequest, type PlainAccess } from "../kubernetes/api-server";
import {
    apiErrorMessage,
    isAbsent,
    openFinder,
    openReader,
    pathOf,
    titleOf,
    type Live,
} from "../kubernetes/cluster-reader";
import { drainPods, type Drain } from "../kubernetes/drain";
import { kubectlOf } from "../kubernetes/kubeconfig-content";
import { judge } from "../kubernetes/readiness";
import { untilSettled } from "../kubernetes/until-settled";

// The state stores this file as text. dynamic-resource.ts describes what such a file may import and use.

interface GraphInputs extends PlainAccess {
    apiVersion: string;
    kind: string;
    metadata: { name: string; namespace: string; [field: string]: unknown };
    spec: object;
    timeoutSeconds: number;
    namespaces: string[];
    objectsInside?: boolean;
    drain?: Drain;
}
/**
 * Inputs and outputs in the state. The status is never stored, since the text of a failed deployment quotes the environment
 * of Rampart's controller.
 */
type GraphState = GraphInputs & { generation?: number; uid?: string };

/** Field manager of this project's fields. */
const MANAGER = "alpa-auth";
/** Pulumi's placeholder for a value that is unknown before `up`. */
const UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";
/** Longest wait for a deletion: 15 minutes, since helm uninstall runs twice, and Rampart waits for a further minute. */
const DELETE_SECONDS = 900;
/**
 * Longest wait until a namespace of a component is gone, in seconds. Rampart uninstalls each component twice. The limit is
 * twice the time that both uninstallations take.
 */
const NAMESPACE_SECONDS = 600;

export const provider: pulumi.dynamic.ResourceProvider<GraphInputs, GraphState> = {
    /**
     * Runs in preview and in `up`: Rampart's admission webhook rejects a graph before anything is changed.
     */
    async check(_olds, news) {
        // Searches only these inputs. The code of this provider is also an input, and it contains the placeholder as a
        // constant.
        const { metadata, spec, kubeconfig } = news;
        const known = !JSON.stringify([metadata, spec, kubeconfig]).includes(UNKNOWN);
        // Rampart rejects a graph whose namespaces are Terminating, which `create` waits for.
        const asked = known && !(await isTerminating(news));
        const why = asked ? await refusalOf(news) : undefined;
        return { inputs: news, failures: why === undefined ? [] : [{ property: "", reason: why }] };
    },
    async diff(_id, olds, news) {
        const replaces =
            olds.metadata.name === news.metadata.name && olds.metadata.namespace === news.metadata.namespace
                ? []
                : ["metadata"];
        // Compares what a deletion uses too, since it uses the values in the state. A new time limit for the deployment is
        // no difference.
        const part = ({ metadata, spec, kubeconfig, drain, namespaces }: GraphInputs) =>
            [metadata, spec, kubeconfig, drain, namespaces] as unknown[];
        return { changes: !isDeepStrictEqual(part(olds), part(news)), replaces };
    },
    async create(inputs) {
        const { namespace, name } = inputs.metadata;
        const id = `${namespace}/${name}`;
        await untilGone(inputs, ({ status }) => status?.phase === "Terminating");
        const outs = await settleAndApply(inputs);
        await untilInside(id, outs);
        return { id, outs };
    },
    async update(id, _olds, inputs) {
        const outs = await settleAndApply(inputs);
        await untilInside(id, outs);
        return { outs };
    },
    async read(id, state) {
        const live = await openReader(state!)(refOf(state!));
        if (!live) return { id: "" };
        const seen = { metadata: ofOurs(state!.metadata, live.metadata), spec: ofOurs(state!.spec, live.spec) };
        return { id, props: { ...state!, ...seen, ...versionOf(live) } as GraphState };
    },
    async delete(_id, state) {
        if (state.drain) await drainPods(state, state.drain);
        await ask(state, "DELETE").catch((error: unknown) => {
            if (!isAbsent(error))
                throw new Error(`${titleOf(refOf(state))}: could not be deleted (${apiErrorMessage(error)}).`);
        });
        // A graph of this name that is not being deleted belongs to another owner.
        const going = (live: Live | undefined) => {
            const { deletionTimestamp, finalizers = [] } = live?.metadata ?? {};
            if (!deletionTimestamp) return undefined;
            return `not gone after ${DELETE_SECONDS} s (phase ${live?.status?.phase}, finalizers ${finalizers.join(", ")})`;
        };
        await waitWhile(state, going, DELETE_SECONDS);
        await untilGone(state, () => true);
    },
};

async function isTerminating(inputs: GraphInputs): Promise<boolean> {
    const read = openReader(inputs);
    const phases = inputs.namespaces.map(async (name) => {
        const namespace = await read({ apiVersion: "v1", kind: "Namespace", name }).catch(() => undefined);
        return namespace?.status?.phase;
    });
    return (await Promise.all(phases)).includes("Terminating");
}

/**
 * Waits until the components' namespaces exist, so that the stack can create objects in them while Rampart deploys.
 * @throws Error with Rampart's message. The error has the graph's state, which Pulumi records, because the graph exists
 */
async function untilInside(id: string, state: GraphState): Promise<void> {
    if (!state.objectsInside) return;
    const { metadata, namespaces, timeoutSeconds } = state;
    const read = openReader(state);
    const observe = async () => {
        const live = await read(refOf(state));
        for (const name of namespaces) {
            const phase = (await read({ apiVersion: "v1", kind: "Namespace", name }))?.status?.phase;
            const verdict = judge({ kind: "graph-namespace", namespace: name }, live, phase);
            if (verdict.state !== "ready") return verdict;
        }
        return { state: "ready" } as const;
    };
    const hint = `Look: kubectl -n ${metadata.namespace} get rampartgraph ${metadata.name} -o yaml`;
    const wait = { title: titleOf(refOf(state)), hint, timeoutSeconds, settleSeconds: 0, observe };
    await untilSettled(wait).catch((error: Error) => {
        throw Object.assign(error, { id, properties: state, reasons: [error.message] });
    });
}

/** Waits while a component's namespace stays. @throws Error with its name if it still exists after the time limit */
async function untilGone(inputs: GraphInputs, stays: (namespace: Live) => boolean): Promise<void> {
    const read = openReader(inputs);
    const start = Date.now();
    for (const name of inputs.namespaces)
        for (;;) {
            // A failed read does not show the state of the namespace, so it is repeated until the time limit.
            const found = await read({ apiVersion: "v1", kind: "Namespace", name }).then(
                (namespace) => namespace !== undefined && stays(namespace),
                () => true,
            );
            if (!found) break;
            if (Date.now() - start > NAMESPACE_SECONDS * 1000)
                throw new Error(
                    `Namespace ${name}: not gone after ${NAMESPACE_SECONDS} s. Look: kubectl get namespace ${name} -o jsonpath='{.status.conditions}'`,
                );
            await new Promise((resolve) => setTimeout(resolve, 500));
        }
}

async function settleAndApply(inputs: GraphInputs): Promise<GraphState> {
    // Updating a graph that is Deploying makes Rampart uninstall every component and delete their namespaces while it
    // deploys the new generation into them. This also applies to a create: a killed run leaves a graph outside the state.
    const unsettled = (live: Live | undefined) => {
        // The same spec creates no new generation, so it can be applied at any time. A graph of a killed run may wait for
        // objects that this run creates later, so waiting for that graph first would end in a timeout.
        if (live && isDeepStrictEqual(live.spec, inputs.spec)) return undefined;
        const phase = live?.status?.phase;
        if (phase !== "Deploying" && phase !== "Undeploying") return undefined;
        return `still ${phase} after ${inputs.timeoutSeconds} s, and must not be changed before it settles`;
    };
    await waitWhile(inputs, unsettled, inputs.timeoutSeconds);
    try {
        return { ...inputs, ...versionOf(await apply(inputs)) };
    } catch (error) {
        throw new Error(refusedText(inputs, error));
    }
}

/** Server-side apply without force: a field that another manager has set to another value is a conflict. */
async function apply(inputs: GraphInputs, dryRun?: "All"): Promise<Live> {
    const { apiVersion, kind, metadata, spec } = inputs;
    const query = `?fieldManager=${MANAGER}&force=false${dryRun ? `&dryRun=${dryRun}` : ""}`;
    const body = { apiVersion, kind, metadata, spec };
    return ask(inputs, "PATCH", query, { body, type: "application/apply-patch+yaml" });
}

/**
 * Why the API server or Rampart's admission webhook rejects a graph; undefined if they accept it, or if the graph's
 * namespace or kind does not exist yet.
 */
async function refusalOf(inputs: GraphInputs): Promise<string | undefined> {
    try {
        await apply(inputs, "All");
    } catch (error) {
        // Before the first `up` the namespace does not exist. The kind does not exist either if this run installs Rampart.
        if (!isAbsent(error)) return refusedText(inputs, error);
    }
    return undefined;
}

function refusedText(inputs: GraphInputs, error: unknown): string {
    const { namespace, name } = inputs.metadata;
    const title = titleOf(refOf(inputs));
    const words = apiErrorMessage(error);
    if ((error as { code?: number }).code !== 409)
        return `${title}: must be accepted by the API server (${words}). Correct what that error names.`;
    return (
        `${title}: must be changed by ${MANAGER} alone (${words}). Remove that manager's entry from ` +
        `metadata.managedFields: ${kubectlOf(inputs, namespace)} edit rampartgraph ${name} --show-managed-fields`
    );
}

/** Waits, with one check per second. @throws Error with the reason and a command to run, after the time limit */
async function waitWhile(
    inputs: GraphInputs,
    reason: (live: Live | undefined) => string | undefined,
    limitSeconds: number,
): Promise<void> {
    const read = openReader(inputs);
    const { namespace, name } = inputs.metadata;
    const start = Date.now();
    for (;;) {
        // A failed read does not show the state of the graph, so it is repeated until the time limit.
        const why = await read(refOf(inputs)).then(
            reason,
            (error) => `not read in ${limitSeconds} s (${apiErrorMessage(error)})`,
        );
        if (why === undefined) return;
        if (Date.now() - start > limitSeconds * 1000)
            throw new Error(
                `${titleOf(refOf(inputs))}: ${why}. Look: kubectl -n ${namespace} get rampartgraph ${name} -o jsonpath='{.metadata.finalizers} {.status.phase}'`,
            );
        await new Promise((resolve) => setTimeout(resolve, 1000));
    }
}

/** Reduces a live value to the fields that this project sets. */
function ofOurs(ours: unknown, live: unknown): unknown {
    if (typeof ours !== "object" || ours === null || typeof live !== "object" || live === null) return live ?? null;
    if (Array.isArray(ours) !== Array.isArray(live)) return live;
    if (Array.isArray(ours) && ours.length !== (live as unknown[]).length) return live;
    if (Array.isArray(ours)) return ours.map((item, i) => ofOurs(item, (live as unknown[])[i]));
    const fields = live as Record<string, unknown>;
    return Object.fromEntries(
        Object.entries(ours).flatMap(([key, value]) => (key in fields ? [[key, ofOurs(value, fields[key])]] : [])),
    );
}

function versionOf(live: Live): { generation?: number; uid?: string } {
    return { generation: live.metadata?.generation, uid: live.metadata?.uid };
}

function refOf({ apiVersion, kind, metadata }: GraphInputs) {
    return { apiVersion, kind, namespace: metadata.namespace, name: metadata.name };
}

/** A request to the path of a graph. */
async function ask(inputs: GraphInputs, method: string, query = "", sent: ApiRequest = {}): Promise<Live> {
    const api = openApiServer(inputs);
    return askApi(api, `${await pathOf(openFinder(api), refOf(inputs))}${query}`, { method, ...sent });
}
