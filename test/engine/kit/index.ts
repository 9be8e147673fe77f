/**
 * The real engine, Kubernetes provider and API server, with the sandbox's emulators for the rest. All engine tests of a run
 * share one world; each stack has a namespace and a node port of its own.
 */
import { strict as assert } from "node:assert";
import { CoreV1Api } from "@kubernetes/client-node";
import type { Seen } from "../../../sandbox/alpa/server";
import { freePortFrom } from "../../../sandbox/processes";
import { startWorld, type World, type WorldOptions } from "../../../sandbox/world/world";
import { startPlace, type Place } from "./place";
import { EngineStack, SECOND_LASTS, TOOLS_MILLISECONDS, type StackConfig } from "./stack";

export { eventually, failed, succeeded, TOOLS_MILLISECONDS, type StackConfig } from "./stack";

let running: (Place<World> & { rampart: WorldOptions["rampart"] }) | undefined;
const alpaSaw: Seen[] = [];

/** Starts the world once; later calls with the same options reuse it. */
async function start(rampart: WorldOptions["rampart"]): Promise<void> {
    if (running && running.rampart === rampart) return;
    await end();
    const place = await startPlace(undefined, (ground) =>
        startWorld({
            ...ground,
            watchCycleSeconds: 1,
            secondLasts: SECOND_LASTS,
            rampart,
            onAlpaRequest: (seen) => alpaSaw.push(seen),
        }),
    );
    running = { ...place, rampart };
}

/** Registers the hook that starts the world. Its timeout is long enough to build all tools. */
export function useWorld(rampart: WorldOptions["rampart"] = "installed"): void {
    before(async function () {
        this.timeout(TOOLS_MILLISECONDS);
        await start(rampart);
    });
}

after(async () => {
    await end();
});

async function end(): Promise<void> {
    const place = running;
    running = undefined;
    await place?.end();
}

export function current(): { world: World; dir: string } {
    assert.ok(running, "useWorld() must be called in the describe block");
    return running;
}

/** Requests that have reached Alpa since the last call. */
export function takeAlpaRequests(): Seen[] {
    return alpaSaw.splice(0);
}

/** A stack of option intra-a in the running world. */
export class TestStack extends EngineStack {
    private constructor(
        name: string,
        readonly nodePort: number,
    ) {
        const { world, dir } = current();
        super(name, { dir, facts: world.facts });
    }

    /** Creates an empty stack. @param config see {@link configure} */
    static async create(name: string, config: StackConfig = {}): Promise<TestStack> {
        const stack = new TestStack(name, await freeNodePort());
        await stack.init();
        stack.configure(config);
        return stack;
    }

    /**
     * Writes a working config of intra-a in which these values replace the defaults.
     * @param config values by key without the project's prefix
     */
    configure(config: StackConfig): void {
        const { facts } = current().world;
        const { gateway, ...rest } = config as { gateway?: Record<string, unknown> };
        const values: StackConfig = {
            option: "intra-a",
            namespace: this.name,
            alpa: { endpoints: [facts.alpa] },
            waitSeconds: 300,
            ...rest,
        };
        if (gateway?.installer !== "existing")
            values.gateway = {
                nodePort: this.nodePort,
                address: "127.0.0.1",
                chartRepository: facts.chartRepository,
                ...gateway,
            };
        else values.gateway = gateway;
        this.write(values);
    }

    outputs(): Promise<Outputs> {
        return this.read();
    }
}

export interface Outputs {
    url: string;
    credentials: Record<string, string>;
    jwtSecrets: Record<string, string>;
    curl: string;
    expires: Record<string, string>;
}

export interface Answer {
    status: number;
    headers: Headers;
    body: string;
}

/** A request as a caller sends it; by default a small completion. */
export async function call(
    url: string,
    options: { path?: string; method?: string; key?: string; headers?: Record<string, string>; body?: object } = {},
): Promise<Answer> {
    const { path = "/completions", method = "POST", key, headers } = options;
    const body = options.body ?? { model: "default", prompt: "Paris is", max_tokens: 8 };
    const response = await fetch(`${url}${path}`, {
        method,
        headers: { "Content-Type": "application/json", ...(key === undefined ? {} : { apikey: key }), ...headers },
        body: method === "GET" || method === "HEAD" ? undefined : JSON.stringify(body),
        redirect: "manual",
    });
    return { status: response.status, headers: response.headers, body: await response.text() };
}

/**
 * Condition for {@link EngineStack.upKilledWhen}. Makes all nodes unschedulable once the stack's etcd is ready. Then
 * the gateway's pods start only after `schedulable(true)`.
 * @param reached condition at which Pulumi is killed, checked after etcd is ready
 */
export function stuckAfterEtcd({ name }: EngineStack, reached: () => Promise<boolean>): () => Promise<boolean> {
    let stuck = false;
    return async () => {
        if (!stuck) {
            const members = await current().world.read("apps/v1", "StatefulSet", `${name}-etcd`, "etcd");
            stuck = (members?.status as { readyReplicas?: number } | undefined)?.readyReplicas === 1;
            if (!stuck) return false;
            await schedulable(false);
        }
        return reached();
    };
}

/** Makes the world's nodes schedulable or unschedulable. While they are unschedulable, resources that need new pods wait. */
export async function schedulable(yes: boolean): Promise<void> {
    const core = current().world.kubeConfig.makeApiClient(CoreV1Api);
    for (const { metadata } of (await core.listNode()).items)
        await core.patchNode({
            name: metadata!.name!,
            body: [{ op: "add", path: "/spec/unschedulable", value: !yes }],
        });
}

/** A port of the node-port range that no other process uses or has reserved. */
export function freeNodePort(): Promise<number> {
    return freePortFrom(30_901);
}
