/**
 * One pass of Rampart's controller over one graph: it reads the graph, deploys or removes it, and writes the status.
 * Emulated: petuum/rampart 47a837c, controller.py, with these faults of the real controller:
 * - It replaces the whole list of finalizers.
 * - It never clears reason and messages.
 * - It reports a failed generation as observed.
 * - The PUT that should remove the finalizer gets a conflict, because the controller has patched the status before.
 */
import { ApiError, readWorld } from "../kubernetes/api.js";
import { Deployment, isStop, type Tools } from "./deploy.js";
import { Crash, GraphErrors, Killed } from "../errors.js";
import { type Graph, type GraphRef, parseGraph, type TaskRef } from "../graph/parse.js";
import { prepare, type Prepared } from "./prepare.js";
import { jsonDumps } from "../python.js";
import { FINALIZER, type GraphObject, type GraphStatus } from "../types.js";
import { checkGraph } from "../graph/validator.js";

/** Time for which a failed status patch is retried once a second, in seconds. */
const PATCH_RETRY_SECONDS = 10;

export async function findGraph(tools: Tools, ref: TaskRef): Promise<GraphObject | undefined> {
    const graph = await tools.api.getGraph(ref);
    return graph?.metadata.uid === ref.uid ? graph : undefined;
}

export async function syncPass(tools: Tools, ref: TaskRef, signal: AbortSignal): Promise<void> {
    const graph = await findGraph(tools, ref);
    signal.throwIfAborted();
    if (graph === undefined) return tools.charts.release(ref.uid);
    if (graph.metadata.deletionTimestamp !== undefined) return deletionPass(tools, ref, graph, signal);
    if (graph.status?.observedGeneration === graph.metadata.generation) return;

    const pass = new Pass(tools, ref, graph, signal);
    try {
        await pass.run();
    } finally {
        // A cancelled pass still writes the status. If the process is killed, the pass writes no status.
        if (!(signal.reason instanceof Killed)) await pass.writeStatus();
    }
}

async function deletionPass(tools: Tools, ref: TaskRef, graph: GraphObject, signal: AbortSignal): Promise<void> {
    if (!graph.metadata.finalizers?.includes(FINALIZER)) return;
    const around = await readWorld(tools.api);
    // The real program parses the spec outside of every try block, so a stored spec that is no longer valid ends the process.
    const parsed = parseGraph(graph.spec, ref, around, tools.settings.env);
    await patchStatus(tools, ref, { phase: "Deleting" }, signal);
    try {
        checkGraph(parsed, around);
        const deployment = new Deployment(tools, parsed, ref.uid, new Map(), signal);
        await deployment.teardownNamespaces(deployment.namespaces);
    } catch (error) {
        if (!(error instanceof GraphErrors)) throw error;
    }
    signal.throwIfAborted();
    tools.charts.release(ref.uid);
    const finalizers = graph.metadata.finalizers.filter((name) => name !== FINALIZER);
    try {
        await tools.api.replaceGraph({ ...graph, metadata: { ...graph.metadata, finalizers } });
    } catch (error) {
        if (!(error instanceof ApiError)) throw error;
        tools.log(
            `${ref.namespace}/${ref.name}: the finalizer was not removed (HTTP ${error.status}); the next watch cycle tries again`,
        );
    }
}

class Pass {
    private changes: GraphStatus = {};

    constructor(
        private readonly tools: Tools,
        private readonly ref: TaskRef,
        private graph: GraphObject,
        private readonly signal: AbortSignal,
    ) {}

    async run(): Promise<void> {
        let prepared: Prepared;
        try {
            prepared = await prepare(this.tools, this.ref, this.graph, this.signal);
        } catch (error) {
            if (!(error instanceof GraphErrors)) throw error;
            this.fail("GraphValidationError", error);
            return;
        }
        try {
            await this.apply(prepared.deployment, prepared.provides);
        } catch (error) {
            if (isStop(error)) throw error;
            // An error that is not a GraphErrors is only logged. The phase stays, and the next watch cycle retries.
            if (error instanceof GraphErrors) this.fail("GraphDeploymentError", error);
            else this.tools.log(`${this.ref.namespace}/${this.ref.name}: ${(error as Error).message}`);
        }
    }

    private fail(reason: NonNullable<GraphStatus["reason"]>, errors: GraphErrors): void {
        this.tools.log(`${this.ref.namespace}/${this.ref.name}: Failed, ${reason}`);
        this.changes = { phase: "Failed", reason, messages: errors.messages, ...this.observed() };
    }

    private observed(): GraphStatus {
        return { observedGeneration: this.graph.metadata.generation as number };
    }

    private async apply(deployment: Deployment, provides: string[]): Promise<void> {
        const { tools, ref } = this;
        const deploy = deployment.graph.deploy;
        try {
            await this.step(tools.api.setFinalizers(ref, [FINALIZER]));
            await this.step(patchStatus(tools, ref, { phase: deploy ? "Deploying" : "Undeploying" }, this.signal));
        } catch (error) {
            if (!(error instanceof ApiError)) throw error;
            if (error.status === 404) return;
            const text = `error code: ${error.status}\nreason:\n${error.reason}\n\n`;
            throw new GraphErrors("deployment", [`Deployment failed updating the graph status:\n${text}`]);
        }
        const current = await this.step(findGraph(tools, ref));
        if (current === undefined) throw new Crash("TypeError: 'NoneType' object is not subscriptable");
        this.graph = current;

        if (deploy) await deployment.deploy(provides);
        else await deployment.undeploy();
        const old = current.status?.componentNamespaces ?? [];
        await deployment.teardownNamespaces(old.filter((name) => !deployment.namespaces.includes(name)));
        this.changes.phase = deploy ? "Deployed" : "Undeployed";
        const endpointPaths = await this.endpointPaths(deployment.graph);
        const componentNamespaces = deployment.namespaces;
        this.changes = { ...this.changes, endpointPaths, componentNamespaces, ...this.observed() };
        tools.log(`${ref.namespace}/${ref.name}: ${this.changes.phase}`);
    }

    private async endpointPaths(graph: Graph): Promise<string> {
        const paths = new Map<string, Set<string>>();
        for (const endpoint of await this.step(this.tools.api.listEndpoints())) {
            const component = graph.components.find((c) => c.namespace === endpoint.namespace)?.name;
            if (component === undefined) continue;
            paths.set(component, new Set([...(paths.get(component) ?? []), ...endpoint.paths]));
        }
        return jsonDumps(Object.fromEntries([...paths].map(([component, found]) => [component, [...found]])));
    }

    /** Writes the fields of the status that have changed. It is no error if the graph was deleted. */
    async writeStatus(): Promise<void> {
        const before = this.graph.status ?? {};
        const changed = Object.entries(this.changes).filter(
            ([key, value]) => JSON.stringify(before[key as keyof GraphStatus]) !== JSON.stringify(value),
        );
        if (changed.length === 0) return;
        try {
            await patchStatus(this.tools, this.ref, Object.fromEntries(changed), this.signal);
        } catch (error) {
            if (!(error instanceof ApiError) || error.status !== 404) throw error;
        }
    }

    private async step<T>(running: Promise<T>): Promise<T> {
        const value = await running;
        this.signal.throwIfAborted();
        return value;
    }
}

async function patchStatus(tools: Tools, ref: GraphRef, patch: GraphStatus, signal: AbortSignal): Promise<void> {
    for (let remaining = PATCH_RETRY_SECONDS; ; remaining--) {
        try {
            return await tools.api.patchStatus(ref, patch);
        } catch (error) {
            if (!(error instanceof ApiError) || remaining === 0) throw error;
            await tools.clock.sleep(1);
            if (signal.reason instanceof Killed) throw signal.reason;
        }
    }
}
