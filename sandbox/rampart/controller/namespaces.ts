/**
 * Creates the namespace of one component: creates an anchor, waits until HNC has created the namespace, labels it, and sets
 * allowCascadingDeletion in HNC.
 * Emulated: petuum/rampart 47a837c, utils/deployment.py.
 */
import { ApiError, type Clock, type GraphApi } from "../kubernetes/api.js";
import { GraphErrors } from "../errors.js";
import { CONTROLLED_LABEL, type OwnerReference, SUBNAMESPACE_ANNOTATION } from "../types.js";

interface Tools {
    api: GraphApi;
    clock: Clock;
    signal: AbortSignal;
}

/** Longest wait until an old namespace of the same name is deleted, in seconds. */
const NAMESPACE_TERMINATION_SECONDS = 60;

const failed = (text: string) => new GraphErrors("deployment", [text]);

export async function deployNamespace(on: Tools, parent: string, name: string, owner: OwnerReference[]): Promise<void> {
    const { api, signal } = on;
    await waitForTermination(on, name);
    if (!(await step(signal, api.anchorsKnown()))) {
        throw failed("Cannot get subnamespaceanchor kind. Please ensure that it exists.");
    }
    try {
        await step(signal, api.createAnchor(parent, name, owner));
    } catch (error) {
        if (!(error instanceof ApiError)) throw error;
        if (error.status !== 409) throw failed(`Cannot create subnamespace: ${error.body}`);
    }
    await labelNamespace(on, name, parent);
    await untilNoConflict(async () => {
        await api.hierarchyAppears(name, signal);
        await step(signal, api.allowCascadingDeletion(name));
    });
}

async function waitForTermination(on: Tools, name: string): Promise<void> {
    const { api, clock, signal } = on;
    const start = clock.now();
    while ((await step(signal, api.getNamespace(name)))?.terminating) {
        await clock.sleep(1, signal);
        if (clock.now() - start > NAMESPACE_TERMINATION_SECONDS) {
            throw failed(`Timed out waiting for namespace ${name} to terminate.`);
        }
    }
}

/** Labels the namespace when HNC has created it. As in the real controller, the wait for HNC has no limit. */
async function labelNamespace(on: Tools, name: string, parent: string): Promise<void> {
    const { api, clock, signal } = on;
    await untilNoConflict(async () => {
        await api.namespaceAppears(name, signal);
        await clock.sleep(1, signal);
        const namespace = await step(signal, api.getNamespace(name));
        if (namespace === undefined) throw notFound(name);
        if (namespace.annotations[SUBNAMESPACE_ANNOTATION] !== parent) {
            throw failed(`Namespace '${name}' already exists and is not created by Rampart.`);
        }
        await step(signal, api.labelNamespace(namespace, CONTROLLED_LABEL, "true"));
    });
}

async function untilNoConflict(attempt: () => Promise<void>): Promise<void> {
    for (;;) {
        try {
            return await attempt();
        } catch (error) {
            if (!(error instanceof ApiError) || error.status !== 409) throw error;
        }
    }
}

/** Awaits a promise, and throws if the task was cancelled meanwhile: the real task can be cancelled at every await. */
async function step<T>(signal: AbortSignal, running: Promise<T>): Promise<T> {
    const value = await running;
    signal.throwIfAborted();
    return value;
}

function notFound(name: string): ApiError {
    const message = `namespaces "${name}" not found`;
    const status = { kind: "Status", apiVersion: "v1", metadata: {}, status: "Failure", message, reason: "NotFound" };
    return new ApiError(404, "Not Found", `${JSON.stringify({ ...status, code: 404 })}\n`);
}
