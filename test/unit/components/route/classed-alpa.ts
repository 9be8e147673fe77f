/** Gateways of the sandbox with the project's own route and its classes, and the sandbox's Alpa behind them. */
import { strict as assert } from "node:assert";
import type { CallerClass } from "../../../../components/route/caller-classes";
import type { Counters, WhenDown } from "../../../../components/apisix/open-requests";
import type { Limits } from "../../../../components/consumers/limits";
import { startAlpa, type Alpa } from "../../../../sandbox/alpa/server";
import { startGateway, type Gateway } from "../../../../sandbox/gateway/server";
import { AdminApi } from "../../../../sandbox/ingress-controller/admin";
import { startRedis, type RedisServer } from "../../../../sandbox/redis/server";
import { ask, type Answer } from "../../../../sandbox/test/alpa/kit";
import { GUARD } from "./guard-settings";
import { ADMIN_KEY, keyOf, stackObjects } from "./stack-objects";

export interface ClassedAlpaOptions {
    callers: string[];
    /** @default no class has a share */
    classes?: CallerClass[];
    /** Number of gateway pods. Several pods share their counters in a Redis. @default 1 */
    pods?: number;
    /** Limits of each caller. @default none */
    limits?: Limits;
    /** What callers with limits get while the counters are down. @default refuse */
    whenDown?: WhenDown;
    /** Time that Alpa takes for one batch, in seconds. @default 0 */
    seconds?: number;
    /** Resolves when a batch no longer waits for more requests. @default 1 s after the first request, as in Alpa */
    batchWindow?: () => Promise<unknown>;
    /** Called with the prompt of each request that reaches Alpa. */
    onPrompt?: (prompt: string) => void;
}

/** Address of the counters, as in a stack's settings. The gateways reach it through `resolve`. */
const COUNTERS: Counters = {
    host: "counters.llm.svc.cluster.local",
    whenDown: "refuse",
    // This is long, because on a busy machine the counters sometimes take 1 s to answer.
    timeoutMilliseconds: 20_000,
    answerTimeoutSeconds: 60,
};

export class ClassedAlpa {
    private constructor(
        private readonly gateways: Gateway[],
        private readonly alpa: Alpa,
        private readonly counters: { redis?: RedisServer },
    ) {}

    static async start(options: ClassedAlpaOptions): Promise<ClassedAlpa> {
        const { pods = 1, seconds, batchWindow, onPrompt } = options;
        const alpa = await startAlpa({
            port: 0,
            seconds,
            ...(batchWindow && { batchWindow }),
            onRequest: ({ body }) => onPrompt?.(String((JSON.parse(body.toString()) as { prompt: unknown }).prompt)),
        });
        const counters: { redis?: RedisServer } = pods > 1 ? { redis: await startRedis({ port: 0 }) } : {};
        const resolve = (host: string, port: number) => {
            if (host !== COUNTERS.host) return undefined;
            if (counters.redis === undefined) throw new Error(`${host}:${port}: connection refused`);
            return counters.redis.port;
        };
        const gateways = await Promise.all(
            Array.from({ length: pods }, () => startGateway({ port: 0, adminPort: 0, adminKey: ADMIN_KEY, resolve })),
        );
        const classed = new ClassedAlpa(gateways, alpa, counters);
        await classed.configure(options);
        return classed;
    }

    /** Writes the route and the consumers to every pod, like the ingress controller after a change. */
    async configure({
        callers,
        limits,
        classes,
        whenDown = COUNTERS.whenDown,
    }: Pick<ClassedAlpaOptions, "callers" | "limits" | "classes" | "whenDown">) {
        const counters = this.gateways.length > 1 ? { ...COUNTERS, whenDown } : undefined;
        const objects = stackObjects({ guard: GUARD, alpaPort: this.alpa.port, callers, limits, classes, counters });
        for (const { adminPort } of this.gateways) {
            const api = new AdminApi(`http://127.0.0.1:${adminPort}`, ADMIN_KEY, () => {});
            assert.deepEqual(await api.sync(objects), []);
        }
    }

    /** Sends one request of a caller. @param pod index of the gateway */
    send(caller: string, prompt: string, pod = 0, path: "completions" | "logprobs" = "completions"): Promise<Answer> {
        const headers = { apikey: keyOf(caller), "Content-Type": "application/json" };
        return ask(this.gateways[pod].port, { path: `/alpa/${path}`, headers, body: { prompt } });
    }

    /** Simulates the loss of the counters' node: closes its connections and its port. */
    async loseCounters(): Promise<void> {
        const { redis } = this.counters;
        delete this.counters.redis;
        await redis?.close();
    }

    /** Starts empty counters on another node. */
    async moveCounters(): Promise<void> {
        this.counters.redis = await startRedis({ port: 0 });
    }

    async stop(): Promise<void> {
        await Promise.all(this.gateways.map((gateway) => gateway.close()));
        await this.alpa.close();
        await this.counters.redis?.close();
    }
}
