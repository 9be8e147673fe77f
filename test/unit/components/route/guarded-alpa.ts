/** The project's own route, rendered and translated, in a gateway of the sandbox with the sandbox's Alpa behind it. */
import { strict as assert } from "node:assert";
import type { GuardSettings } from "../../../../components/route/request-guard";
import { startAlpa } from "../../../../sandbox/alpa/server";
import { startGateway, type Gateway } from "../../../../sandbox/gateway/server";
import { AdminApi } from "../../../../sandbox/ingress-controller/admin";
import { ask, type Answer } from "../../../../sandbox/test/alpa/kit";
import { ADMIN_KEY, keyOf, stackObjects } from "./stack-objects";

/** One request of a caller to one of Alpa's paths. */
export interface Call {
    path: "completions" | "logprobs";
    body: Record<string, unknown>;
}

/** Results of requests that were sent into one batch of Alpa. */
export interface Outcome {
    /**
     * Alpa's answers to forwarded requests. Undefined for a request without an answer, after the batch loop has ended.
     */
    accepted: (Answer | undefined)[];
    died?: Error;
}

export class GuardedAlpa {
    private constructor(
        private readonly gateway: Gateway,
        /** Port of Alpa, which is started for each batch. */
        private readonly alpaPort: number,
    ) {}

    /** @param callers number of consumers, each with a key */
    static async start(guard: GuardSettings, callers: number): Promise<GuardedAlpa> {
        const free = await startAlpa({ port: 0 });
        await free.close();
        const gateway = await startGateway({ port: 0, adminPort: 0, adminKey: ADMIN_KEY });
        const names = Array.from({ length: callers }, (_, i) => nameOf(i));
        const api = new AdminApi(`http://127.0.0.1:${gateway.adminPort}`, ADMIN_KEY, () => {});
        assert.deepEqual(await api.sync(stackObjects({ guard, alpaPort: free.port, callers: names })), []);
        return new GuardedAlpa(gateway, free.port);
    }

    stop(): Promise<void> {
        return this.gateway.close();
    }

    /**
     * Sends each call as a different consumer. Alpa's batch starts after the gateway has forwarded or rejected all
     * calls.
     */
    async inOneBatch(calls: Call[]): Promise<Outcome> {
        let arrived = () => {};
        let closeWindow = () => {};
        let ended = () => {};
        const window = new Promise<void>((resolve) => (closeWindow = resolve));
        const died = new Promise<undefined>((resolve) => (ended = () => resolve(undefined)));
        const alpa = await startAlpa({
            port: this.alpaPort,
            batchWindow: () => window,
            // setImmediate waits until the worker has queued the request, which takes only microtasks.
            onRequest: () => void setImmediate(() => arrived()),
            log: (line) => line.startsWith("The batch loop has ended") && ended(),
        });
        try {
            const accepted: Promise<Answer>[] = [];
            for (const [i, call] of calls.entries()) {
                const here = new Promise<"accepted">((resolve) => (arrived = () => resolve("accepted")));
                const answer = this.send(call, i);
                answer.catch(() => {}); // The request fails when Alpa is closed after its batch loop has ended.
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
        const headers = { apikey: keyOf(nameOf(caller)), "Content-Type": "application/json" };
        return ask(this.gateway.port, { path: `/alpa/${path}`, headers, body });
    }
}

const nameOf = (caller: number) => `caller-${caller}`;
