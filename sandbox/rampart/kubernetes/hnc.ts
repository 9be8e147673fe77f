/**
 * Emulator of the hierarchical namespace controller (HNC, API hnc.x-k8s.io/v1alpha2), with the part that Rampart uses: a
 * SubnamespaceAnchor creates a namespace with a HierarchyConfiguration, and its deletion deletes the namespace. The anchor
 * keeps a finalizer until then.
 * Unsupported: propagation of objects, quotas, deeper trees, and HNC's own admission webhooks.
 */
import type { KubeConfig } from "@kubernetes/client-node";
import { ApiError } from "./api.js";
import { Rest } from "./rest.js";
import { SUBNAMESPACE_ANNOTATION } from "../types.js";

interface HncOptions {
    kubeConfig: KubeConfig;
    log?: (line: string) => void;
}

interface Hnc {
    close(): Promise<void>;
}

interface Anchor {
    metadata: { name: string; namespace: string; deletionTimestamp?: string; finalizers?: string[] };
    status?: { status?: string };
}

interface NamespaceObject {
    metadata: { name: string; deletionTimestamp?: string; annotations?: Record<string, string> };
}

export const ANCHOR_FINALIZER = "hnc.x-k8s.io";
const API = "/apis/hnc.x-k8s.io/v1alpha2";
/** Duration of one watch, in seconds. Each watch starts with all existing objects. */
const WATCH_SECONDS = 60;

type HncAction =
    | "add finalizer"
    | "create namespace"
    | "delete namespace"
    | "remove finalizer"
    | "report Ok"
    | "report Conflict";

/** The next steps for an anchor, in order. None while the anchor's namespace is terminating. */
export function nextActions(anchor: Anchor, namespace: NamespaceObject | undefined): HncAction[] {
    const { namespace: parent, deletionTimestamp, finalizers = [] } = anchor.metadata;
    const held = finalizers.includes(ANCHOR_FINALIZER);
    const ours = namespace?.metadata.annotations?.[SUBNAMESPACE_ANNOTATION] === parent;
    const leaving = namespace?.metadata.deletionTimestamp !== undefined;
    if (deletionTimestamp !== undefined) {
        if (!held) return [];
        // A namespace that this anchor did not create stays when the anchor is deleted.
        if (namespace === undefined || !ours) return ["remove finalizer"];
        return leaving ? [] : ["delete namespace"];
    }
    const first: HncAction[] = held ? [] : ["add finalizer"];
    if (namespace === undefined) return [...first, "create namespace", "report Ok"];
    if (leaving) return first;
    return [...first, ours ? "report Ok" : "report Conflict"];
}

export function startHnc({ kubeConfig, log = () => {} }: HncOptions): Hnc {
    const hnc = new Loop(new Rest(kubeConfig), log);
    return { close: () => hnc.close() };
}

class Loop {
    private readonly stop = new AbortController();
    private readonly anchors = new Map<string, { namespace: string; name: string }>();
    /** Resolves after the last queued reconciliation: anchors are reconciled one after another. */
    private work: Promise<void> = Promise.resolve();
    private readonly watches: Promise<unknown>;

    constructor(
        private readonly rest: Rest,
        private readonly log: (line: string) => void,
    ) {
        this.watches = Promise.all([
            this.watch<Anchor>(`${API}/subnamespaceanchors`, (anchor, type) => {
                const { namespace, name } = anchor.metadata;
                if (type === "DELETED") this.anchors.delete(`${namespace}/${name}`);
                else this.anchors.set(`${namespace}/${name}`, { namespace, name });
                this.enqueue(namespace, name);
            }),
            this.watch<NamespaceObject>("/api/v1/namespaces", ({ metadata }) => {
                for (const anchor of this.anchors.values()) {
                    if (anchor.name === metadata.name) this.enqueue(anchor.namespace, anchor.name);
                }
            }),
        ]);
    }

    async close(): Promise<void> {
        this.stop.abort();
        await this.watches;
        await this.work;
    }

    private async watch<T>(path: string, seen: (object: T, type: string) => void): Promise<void> {
        while (!this.stop.signal.aborted) {
            try {
                await this.rest.watch<T>(path, WATCH_SECONDS, (e) => seen(e.object, e.type), this.stop.signal);
            } catch (error) {
                if (this.stop.signal.aborted) return;
                this.log(`hnc: watch of ${path} failed, retrying in 1 s: ${(error as Error).message.trim()}`);
                await new Promise((resolve) => setTimeout(resolve, 1000));
            }
        }
    }

    private enqueue(parent: string, name: string): void {
        this.work = this.work
            .then(() => this.reconcile(parent, name))
            .catch((error: Error) => {
                if (!this.stop.signal.aborted) this.log(`hnc: ${parent}/${name}: ${error.message.trim()}`);
            });
    }

    private async reconcile(parent: string, name: string): Promise<void> {
        if (this.stop.signal.aborted) return;
        const path = `${API}/namespaces/${parent}/subnamespaceanchors/${name}`;
        const anchor = await this.rest.find<Anchor>(path);
        if (anchor === undefined) return;
        const namespace = await this.rest.find<NamespaceObject>(`/api/v1/namespaces/${name}`);
        for (const action of nextActions(anchor, namespace)) {
            try {
                await this.act(action, path, anchor);
            } catch (error) {
                // 404 means that the object was deleted, and 409 that it was changed. In both cases, the next event has
                // the new state.
                if (!(error instanceof ApiError) || ![404, 409].includes(error.status)) throw error;
            }
        }
    }

    private async act(action: HncAction, path: string, anchor: Anchor): Promise<void> {
        const { name, namespace: parent, finalizers = [] } = anchor.metadata;
        const setFinalizers = (list: string[]) => this.rest.call("PATCH", path, { metadata: { finalizers: list } });
        switch (action) {
            case "add finalizer":
                await setFinalizers([...finalizers, ANCHOR_FINALIZER]);
                return;
            case "remove finalizer":
                await setFinalizers(finalizers.filter((finalizer) => finalizer !== ANCHOR_FINALIZER));
                return;
            case "create namespace":
                this.log(`hnc: creating namespace ${name} below ${parent}`);
                await this.createNamespace(name, parent);
                return;
            case "delete namespace":
                this.log(`hnc: deleting namespace ${name}`);
                await this.rest.call("DELETE", `/api/v1/namespaces/${name}`);
                return;
            case "report Ok":
                await this.ensureHierarchy(name, parent);
                await this.report(path, anchor, "Ok");
                return;
            case "report Conflict":
                await this.report(path, anchor, "Conflict");
                return;
        }
    }

    private async report(path: string, anchor: Anchor, status: string): Promise<void> {
        if (anchor.status?.status === status) return;
        await this.rest.call("PATCH", `${path}/status`, { status: { status } });
    }

    private async createNamespace(name: string, parent: string): Promise<void> {
        await this.rest.call("POST", "/api/v1/namespaces", {
            apiVersion: "v1",
            kind: "Namespace",
            metadata: {
                name,
                annotations: { [SUBNAMESPACE_ANNOTATION]: parent },
                labels: { [`${name}.tree.hnc.x-k8s.io/depth`]: "0", [`${parent}.tree.hnc.x-k8s.io/depth`]: "1" },
            },
        });
    }

    private async ensureHierarchy(name: string, parent: string): Promise<void> {
        const list = `${API}/namespaces/${name}/hierarchyconfigurations`;
        if ((await this.rest.find(`${list}/hierarchy`)) !== undefined) return;
        await this.rest.call("POST", list, {
            apiVersion: "hnc.x-k8s.io/v1alpha2",
            kind: "HierarchyConfiguration",
            metadata: { name: "hierarchy", namespace: name },
            spec: { parent },
        });
    }
}
