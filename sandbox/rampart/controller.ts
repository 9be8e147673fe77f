/**
 * Rampart's controller: one watch, which restarts after a while and then lists all graphs again. Each event starts a pass over
 * its graph. Passes over one graph run one after another, those over different graphs in parallel.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { deploy, GraphError, namespacesOf, teardown, type Tools } from "./deploy.js";
import { FINALIZER, GRAPHS, type GraphObject, type GraphRef, type GraphStatus, parseGraph } from "./graph.js";
import { ApiError } from "./kubernetes/api.js";

interface ControllerOptions extends Tools {
    /** Duration of one watch, in seconds. */
    watchCycleSeconds: number;
}

type Seen = Pick<GraphObject, "metadata">;
interface Pass {
    /** Infinity: the pass removes the graph, and is never cancelled. */
    generation: number;
    canceller: AbortController;
}

/** Wait after a watch that failed, in seconds. */
const RETRY_SECONDS = 1;

const pathOf = ({ namespace, name }: GraphRef) => GRAPHS.replace(/[^/]+$/, `namespaces/${namespace}/$&/${name}`);

export class Controller {
    private readonly stop = new AbortController();
    private readonly running = new Map<string, Pass>();
    /** The last pass of each graph, by its uid. */
    private readonly queues = new Map<string, Promise<void>>();
    private readonly watching: Promise<void>;

    constructor(private readonly options: ControllerOptions) {
        this.watching = this.watch();
    }

    /** Ends without cleanup, as a killed process. */
    async close(): Promise<void> {
        this.stop.abort();
        await this.watching;
        await Promise.all(this.queues.values());
    }

    private async watch(): Promise<void> {
        const { rest, watchCycleSeconds, log } = this.options;
        const { signal } = this.stop;
        const failed = (error: Error) => signal.aborted || log(`Rampart: watch failed: ${error.message}`);
        const seen = ({ object }: { object: Seen }) => void this.seen(object).catch(failed);
        while (!signal.aborted)
            await rest.watch(GRAPHS, watchCycleSeconds, seen, signal).catch((error: Error) => {
                failed(error);
                return sleep(RETRY_SECONDS * 1000, undefined, { signal }).catch(() => {});
            });
    }

    /** Starts a pass, and cancels the running pass of an earlier generation: reads of one graph may end in another order. */
    private async seen({ metadata }: Seen): Promise<void> {
        const { uid } = metadata;
        const graph = await this.find(metadata);
        if (graph === undefined) return;
        const leaves = graph.metadata.deletionTimestamp !== undefined || !parseGraph(graph).deploy;
        const generation = leaves ? Infinity : graph.metadata.generation;
        const running = this.running.get(uid);
        if (running && running.generation >= generation) return;
        running?.canceller.abort();
        const pass = { generation, canceller: new AbortController() };
        const before = this.queues.get(uid) ?? Promise.resolve();
        this.queues.set(
            uid,
            before.then(() => this.pass(metadata, pass)),
        );
    }

    private async pass(ref: Seen["metadata"], pass: Pass): Promise<void> {
        if (this.stop.signal.aborted) return;
        this.running.set(ref.uid, pass);
        const signal = AbortSignal.any([pass.canceller.signal, this.stop.signal]);
        try {
            const graph = await this.find(ref);
            // The graph may be newer than the event of this pass. Its own event then cancels nothing.
            if (graph) pass.generation = Math.max(pass.generation, graph.metadata.generation);
            if (graph?.metadata.deletionTimestamp) await this.remove(graph);
            else if (graph && graph.status?.observedGeneration !== graph.metadata.generation)
                await this.settle(graph, signal);
        } catch (error) {
            // An error that is not Rampart's own is only logged. The phase stays, and the next watch tries again.
            if (!signal.aborted) this.options.log(`Rampart: ${ref.namespace}/${ref.name}: ${(error as Error).message}`);
        }
        this.running.delete(ref.uid);
    }

    /** Deploys or undeploys a graph, and writes its status. As in the real program, old reasons and messages stay. */
    private async settle(graph: GraphObject, signal: AbortSignal): Promise<void> {
        const { rest, log } = this.options;
        const path = pathOf(graph.metadata);
        const observedGeneration = graph.metadata.generation;
        const parsed = parseGraph(graph);
        const namespaces = namespacesOf(parsed);
        const began = async () => {
            await rest.call("PATCH", path, { metadata: { finalizers: [FINALIZER] } });
            await this.patch(graph, { phase: parsed.deploy ? "Deploying" : "Undeploying" });
        };
        try {
            await deploy(this.options, parsed, signal, began);
            const old = graph.status?.componentNamespaces ?? [];
            const removed = old.filter((name) => !namespaces.includes(name));
            await teardown(this.options, parsed, removed);
            const phase = parsed.deploy ? "Deployed" : "Undeployed";
            await this.patch(graph, { phase, componentNamespaces: namespaces, observedGeneration });
        } catch (error) {
            if (this.stop.signal.aborted) throw error;
            // A cancelled deployment uninstalls everything, even what existed before.
            if (signal.aborted) await teardown(this.options, parsed, namespaces);
            if (signal.aborted || !(error instanceof GraphError)) throw error;
            const { reason, message: messages } = error;
            log(`Rampart: ${graph.metadata.namespace}/${graph.metadata.name}: Failed, ${reason}`);
            await this.patch(graph, { phase: "Failed", reason, messages, observedGeneration });
        }
    }

    /**
     * The change of the status is a new version of the graph, so the PUT that removes the finalizer is a conflict. It succeeds in
     * the next watch, in which the status stays the same.
     */
    private async remove(graph: GraphObject): Promise<void> {
        const { rest } = this.options;
        await this.patch(graph, { phase: "Deleting" });
        const parsed = parseGraph(graph);
        await teardown(this.options, parsed, namespacesOf(parsed));
        const finalizers = graph.metadata.finalizers?.filter((name) => name !== FINALIZER);
        await rest.call("PUT", pathOf(graph.metadata), { ...graph, metadata: { ...graph.metadata, finalizers } });
    }

    private async patch(graph: GraphObject, status: GraphStatus): Promise<void> {
        const path = `${pathOf(graph.metadata)}/status`;
        await this.options.rest.call("PATCH", path, { status }).catch((error: unknown) => {
            if (!(error instanceof ApiError) || error.status !== 404) throw error; // 404: the graph was deleted
        });
    }

    private async find({ uid, ...ref }: Seen["metadata"]): Promise<GraphObject | undefined> {
        const graph = await this.options.rest.find<GraphObject>(pathOf(ref));
        return graph?.metadata.uid === uid ? graph : undefined;
    }
}
