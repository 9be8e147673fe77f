/** The project's own route, rendered and translated, in a gateway of the sandbox with the sandbox's Alpa behind it. */
import { strict as assert } from "node:assert";
import { completionsUpstream, logprobsUpstream, renderUpstream } from "../../components/route/alpa-upstreams";
import { renderRoute } from "../../components/route/route-rules";
import { renderConsumer, secretName } from "../../components/consumers/consumers";
import type { GuardSettings } from "../../components/route/request-guard";
import { startAlpa } from "../../sandbox/alpa/server";
import { startGateway, type Gateway } from "../../sandbox/gateway/server";
import { AdminApi } from "../../sandbox/ingress-controller/admin";
import { ask, type Answer } from "../../sandbox/test/alpa/kit";
import { object, secret, translated } from "../../sandbox/test/ingress-controller/kit";

const ADMIN_KEY = "test-admin-key";
const NAMESPACE = "llm";
const BINDING = { ingressClass: "apisix", gateway: "apisix", gatewayNamespace: "apisix" };

/** One request of a caller to one of Alpa's paths. */
export interface Call {
    path: "completions" | "logprobs";
    body: Record<string, unknown>;
}

/** What became of requests that were sent into one batch of Alpa. */
export interface Outcome {
    /** What Alpa answered to those the gateway let through; undefined: nothing, its batch loop has ended. */
    accepted: (Answer | undefined)[];
    died?: Error;
}

export class GuardedAlpa {
    private constructor(
        private readonly gateway: Gateway,
        /** Port of Alpa, which is started for each batch. */
        private readonly alpaPort: number,
    ) {}

    /** @param callers how many consumers there are, each with a key */
    static async start(guard: GuardSettings, callers: number): Promise<GuardedAlpa> {
        const free = await startAlpa({ port: 0 });
        await free.close();
        const gateway = await startGateway({ port: 0, adminPort: 0, adminKey: ADMIN_KEY });
        const { outcomes } = translated(...objects(guard, free.port, callers));
        const api = new AdminApi(`http://127.0.0.1:${gateway.adminPort}`, ADMIN_KEY, () => {});
        assert.deepEqual(await api.sync(outcomes.flatMap(({ objects: made }) => made ?? [])), []);
        return new GuardedAlpa(gateway, free.port);
    }

    stop(): Promise<void> {
        return this.gateway.close();
    }

    /** Sends each call as another consumer, and has Alpa wait for companions until all that arrive have arrived. */
    async inOneBatch(calls: Call[]): Promise<Outcome> {
        let arrived = () => {};
        let closeWindow = () => {};
        let ended = () => {};
        const window = new Promise<void>((resolve) => (closeWindow = resolve));
        const died = new Promise<undefined>((resolve) => (ended = () => resolve(undefined)));
        const alpa = await startAlpa({
            port: this.alpaPort,
            batchWindow: () => window,
            // setImmediate: the worker queues a request within microtasks of its arrival.
            onRequest: () => void setImmediate(() => arrived()),
            log: (line) => line.startsWith("The batch loop has ended") && ended(),
        });
        try {
            const accepted: Promise<Answer>[] = [];
            for (const [i, call] of calls.entries()) {
                const here = new Promise<"accepted">((resolve) => (arrived = () => resolve("accepted")));
                const answer = this.send(call, i);
                answer.catch(() => {}); // an Alpa that has ended its loop is closed before it answers
                const first = await Promise.race([here, answer]);
                if (first === "accepted") accepted.push(answer);
                else assert.equal(first.status, 400, first.text);
            }
            closeWindow();
            return {
                accepted: await Promise.all(accepted.map((answer) => Promise.race([answer, died]))),
                died: alpa.died(),
            };
        } finally {
            await alpa.close();
        }
    }

    private send({ path, body }: Call, caller: number): Promise<Answer> {
        const headers = { apikey: keyOf(caller), "Content-Type": "application/json" };
        return ask(this.gateway.port, { path: `/alpa/${path}`, headers, body });
    }
}

function keyOf(caller: number): string {
    return `key-of-caller-${caller}`;
}

/** Route, upstreams and consumers as the project renders them. */
function objects(guard: GuardSettings, alpaPort: number, callers: number) {
    const alpa = { endpoints: [{ address: `127.0.0.1:${alpaPort}`, weight: 1 }], answerTimeoutSeconds: 60 };
    const route = renderRoute({
        namespace: NAMESPACE,
        guard,
        ingressClassName: BINDING.ingressClass,
        answerTimeoutSeconds: alpa.answerTimeoutSeconds,
        ownGateway: true,
    });
    const consumers = Array.from({ length: callers }, (_, i) => {
        const name = `caller-${i}`;
        const consumer = { name, limits: {}, credentials: [{ id: "k1", method: "key" as const }] };
        return [
            object("Consumer", name, renderConsumer(consumer, BINDING, NAMESPACE)),
            secret(secretName(name, "k1"), { key: keyOf(i) }),
        ];
    });
    return [
        object("ApisixUpstream", "alpa-completions", completionsUpstream(alpa)),
        object("ApisixUpstream", "alpa-logprobs", logprobsUpstream(alpa)),
        object("ApisixUpstream", "alpa-nowhere", renderUpstream([{ address: "127.0.0.1:1", weight: 1 }], 5)),
        object("ApisixRoute", "alpa", route),
        ...consumers.flat(),
    ];
}
