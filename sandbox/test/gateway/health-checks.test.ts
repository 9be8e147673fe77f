/**
 * Proves when an upstream node gets no more requests and when it gets requests again, as with APISIX's active checks.
 * Also proves which node chash selects.
 */
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { setTimeout as pause } from "node:timers/promises";
import { freePort } from "../../processes";
import { listen } from "../../processes/listen";
import { Kit } from "./kit";

/** A node that answers POST with its name. Tests can change its answer to `GET /`. */
class Backend {
    status = 400;
    looks = 0;
    close = async () => {};
    constructor(readonly name: string) {}
    async open(at = 0): Promise<number> {
        const server = createServer((request, answer) => {
            if (request.method === "GET") this.looks++;
            answer.writeHead(request.method === "GET" ? this.status : 200, { connection: "close" });
            answer.end(this.name);
        });
        const { port, close } = await listen(server, at);
        this.close = close;
        return port;
    }
}

describe("Health checks of upstreams", () => {
    let kit: Kit;
    let backends: Backend[];
    let ports: number[];
    beforeEach(async () => {
        kit = await Kit.start({ secondLasts: 0.02 });
        backends = [new Backend("one"), new Backend("two")];
        ports = [await backends[0].open(), await freePort()];
    });
    afterEach(async () => {
        for (const backend of backends) await backend.close();
        await kit.stop();
    });

    const http = {
        timeout: 60, // a shorter time fails nodes of a busy machine
        http_path: "/",
        healthy: { interval: 1, successes: 1, http_statuses: [200, 400] },
        unhealthy: { interval: 1, tcp_failures: 2, http_failures: 2, timeouts: 2, http_statuses: [500] },
    };
    const upstream = (active: object, more: object = {}) => ({
        type: "roundrobin",
        nodes: Object.fromEntries(ports.map((port) => [`127.0.0.1:${port}`, 1])),
        retries: 0,
        checks: { active },
        ...more,
    });
    const put = (body: object) => kit.put("/routes/r", { uri: "/*", upstream: body });
    const said = async (text: string, times = 1) => {
        while (kit.logged.filter((line) => line.includes(text)).length < times) await pause(1);
    };
    const ask = async (count: number) => {
        const answers = [];
        for (let i = 0; i < count; i++) {
            const { status, text } = await kit.send("/");
            answers.push(status === 200 ? text : status);
        }
        return answers.sort();
    };

    it("exclude a node that refuses connections, and include the node again when it answers", async () => {
        await put(upstream(http));
        // The first request starts the health checks. The second request must still find both nodes, so it is sent at
        // the same time.
        assert.deepEqual((await Promise.all([ask(1), ask(1)])).flat().sort(), [502, "one"], "no check ran before");
        await said(`:${ports[1]} is unhealthy`);
        assert.deepEqual(await ask(4), ["one", "one", "one", "one"]);
        await backends[1].open(ports[1]);
        await said(`:${ports[1]} is healthy`);
        assert.deepEqual(await ask(4), ["one", "one", "two", "two"]);
    });

    describe("with chash by consumer", () => {
        const names = Array.from({ length: 12 }, (_, i) => `c${i}`);
        /** The node of each consumer, for one gateway. */
        const placesOf = async (gateway: Kit, weights: number[]) => {
            const nodes = ports.map((port, i) => ({ host: "127.0.0.1", port, weight: weights[i] }));
            for (const name of names)
                await gateway.put(`/consumers/${name}`, { username: name, plugins: { "key-auth": { key: name } } });
            await gateway.put("/routes/r", {
                uri: "/*",
                plugins: { "key-auth": {} },
                upstream: upstream(http, { type: "chash", hash_on: "consumer", nodes }),
            });
            return Promise.all(names.map(async (name) => (await gateway.send("/", { apikey: name })).text));
        };

        it("select one node per caller, the same in every gateway, by weight, and move only a lost node's callers", async () => {
            await backends[1].open(ports[1]);
            const other = await Kit.start({ secondLasts: 0.02 });
            try {
                const places = await placesOf(kit, [1, 1]);
                assert.deepEqual(await placesOf(other, [1, 1]), places);
                const ofTwo = (list: string[]) => list.filter((place) => place === "two").length;
                assert.ok(ofTwo(places) > 0 && ofTwo(places) < names.length);
                const weighed = await placesOf(other, [1, 9]);
                assert.ok(ofTwo(weighed) > ofTwo(places));
                await backends[1].close();
                await said(`:${ports[1]} is unhealthy`);
                const after = await Promise.all(names.map((name) => kit.send("/", { apikey: name })));
                for (const { text } of after) assert.equal(text, "one");
            } finally {
                await other.stop();
            }
        });
    });
});
