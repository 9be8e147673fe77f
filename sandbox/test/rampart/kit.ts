/** A cluster in memory with Rampart's controller, and a helm that a test lets succeed, fail or wait. */
import { Controller } from "../../rampart/controller";
import type { Tools } from "../../rampart/deploy";
import { type Component, GRAPHS, type GraphObject } from "../../rampart/graph";
import { HelmError } from "../../rampart/helm";
import { ApiError } from "../../rampart/kubernetes/api";

type Stored = { metadata: Record<string, any>; spec?: any; status?: any };

export const component = (more: object = {}) => ({
    chart: { repo: "https://charts.example.com", name: "apisix", version: "2.14.0" },
    ...{ config: {}, inputs: {}, outputs: {}, ...more },
});
export const specOf = (components: object, deploy = true) => ({ deploy, graph: { flows: {}, components } });

export class World {
    readonly objects = new Map<string, Stored>();
    readonly states: [string?, number?][] = [];
    readonly commands: string[] = [];
    /** What helm does during an installation. @default nothing */
    helm: (component: Component, signal: AbortSignal) => Promise<void> | void = () => {};
    private readonly path = `/apis/rampart.petuum.com/v1beta2/namespaces/default/rampartgraphs/g`;
    private seen: (event: { object: any }) => void = () => {};
    private next = () => {};
    private readonly controller: Controller;

    constructor() {
        const rest = this.rest();
        const helm: Tools["helm"] = {
            showChart: async ({ version }) => {
                if (version === "9.9.9") throw new HelmError("no such version");
                return "name: apisix";
            },
            install: async (one, _values, signal) => {
                this.commands.push(`install ${one.namespace}`);
                await this.helm(one, signal);
            },
            uninstall: async (name) => void this.commands.push(`uninstall ${name}`),
        };
        this.controller = new Controller({ rest, helm, log: () => {}, watchCycleSeconds: 60 });
    }

    get graph() {
        return this.objects.get(this.path) as GraphObject | undefined;
    }

    put(spec: object): void {
        const old = this.graph;
        const metadata = { namespace: "default", name: "g", uid: "1", ...old?.metadata };
        const generation = (old?.metadata.generation ?? 0) + 1;
        this.store(this.path, { ...old, metadata: { ...metadata, generation }, spec });
    }

    delete(): void {
        const { metadata, ...rest } = this.graph!;
        this.store(this.path, { ...rest, metadata: { ...metadata, deletionTimestamp: "now" } });
    }

    /** The next watch, which begins with all graphs. */
    cycle(): void {
        this.next();
    }

    async until(holds: () => unknown): Promise<void> {
        for (let i = 0; !holds(); i++) {
            if (i > 500) throw new Error(`in vain, with ${JSON.stringify([this.graph?.status, this.commands])}`);
            await new Promise((resolve) => setImmediate(resolve));
        }
    }

    reaches(phase: string, generation: number): Promise<void> {
        return this.until(() => {
            const { status } = this.graph ?? {};
            return status?.phase === phase && status.observedGeneration === generation;
        });
    }

    close(): Promise<void> {
        return this.controller.close();
    }

    private store(path: string, object: Stored): void {
        const resourceVersion = `${Number(object.metadata.resourceVersion ?? 0) + 1}`;
        this.objects.set(path, { ...object, metadata: { ...object.metadata, resourceVersion } });
        if (path !== this.path) return;
        this.states.push([object.status?.phase, object.status?.observedGeneration]);
        this.seen({ object });
    }

    private rest(): Tools["rest"] {
        const find = async (path: string) => structuredClone(this.objects.get(path)) as any;
        return {
            find,
            call: async (method, path, body: any) => {
                if (method === "DELETE") this.objects.delete(path);
                else if (method === "POST") this.store(`${path}/${body.metadata.name}`, body);
                else this.change(method, path.replace(/\/status$/, ""), body);
                return undefined as any;
            },
            watch: async (path, _seconds, seen, signal) => {
                if (path !== GRAPHS) throw new Error(path);
                this.seen = seen as never;
                if (this.graph) this.seen({ object: this.graph });
                await new Promise<void>((resolve) => {
                    this.next = resolve;
                    signal.addEventListener("abort", () => resolve());
                });
            },
        };
    }

    private change(method: string, path: string, body: any): void {
        const old = this.objects.get(path);
        if (!old) throw new ApiError(404, "Not Found", "");
        if (method === "PUT" && body.metadata.resourceVersion !== old.metadata.resourceVersion)
            throw new ApiError(409, "Conflict", "");
        const status = { ...old.status, ...body.status };
        const after = { ...old, status, metadata: { ...old.metadata, ...body.metadata } };
        if (JSON.stringify(after) === JSON.stringify({ ...old, status: old.status ?? {} })) return;
        if (after.metadata.deletionTimestamp && after.metadata.finalizers?.length === 0) this.objects.delete(path);
        else this.store(path, after);
    }
}
