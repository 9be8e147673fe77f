/**
 * Proves when the ingress controller pushes, with an API server that only lists and watches, and with the gateway's Admin API.
 */
import assert from "node:assert/strict";
import { Configuration } from "../../gateway/objects/configuration";
import { startGateway, type Gateway } from "../../gateway/server";
import { startIngressController, type IngressController } from "../../ingress-controller/controller";
import type { Kind, Resource } from "../../ingress-controller/kinds";
import { FakeApi } from "./fake-api";
import { CONTROLLER, object, secret, WIRING } from "./kit";

/** Length of a second of the controller's clock, in real seconds: 5 minutes of this clock last 3 s. */
const SECOND_LASTS = 0.01;
/**
 * SECOND_LASTS for the test in which the controller waits 5 minutes. The wait lasts 9 s. Even on a busy machine, the
 * steps before its end take less time.
 */
const WAIT_SECOND_LASTS = 0.03;
const READY_MS = 300 * WAIT_SECOND_LASTS * 1000;
/**
 * SECOND_LASTS for tests in which no periodic push may happen. The first periodic push would come after 5 real minutes,
 * but the tests time out before that.
 */
const REAL_SECONDS = 1;
const TEST_MS = 60_000;

const consumer = (name: string): [Kind, Resource] =>
    object("Consumer", name, { gatewayRef: { name: "apisix", namespace: "apisix" } });
const upstream = (more: object = {}) =>
    object("ApisixUpstream", "alpa", { externalNodes: [{ type: "Domain", name: "127.0.0.1", port: 1 }], ...more });
const route = (name: string, plugins: object[] = []) => {
    const rule = { name: "all", match: { paths: [`/${name}`] }, upstreams: [{ name: "alpa" }], plugins };
    return object("ApisixRoute", name, { ingressClassName: "apisix", http: [rule] });
};

describe("Ingress controller", () => {
    let api: FakeApi;
    let gateway: Gateway;
    let configuration: Configuration;
    let controller: IngressController | undefined;
    let reachable: boolean;
    /** Times of failed pushes. */
    let failed: number[];

    beforeEach(async () => {
        [controller, reachable, failed] = [undefined, true, []];
        configuration = new Configuration();
        gateway = await startGateway({ port: 0, adminPort: 0, adminKey: "k", configuration });
    });
    afterEach(async () => {
        await controller?.close();
        await api.close();
        await gateway.close();
    });

    /**
     * Starts a controller that becomes the leader, on an API server that already has these objects and those of
     * {@link WIRING}.
     * @returns time of the start
     */
    async function lead(objects: [Kind, Resource][], secondLasts = SECOND_LASTS): Promise<number> {
        api = await new FakeApi().start(...WIRING, ...objects);
        const began = Date.now();
        controller = await startIngressController({
            kubeConfig: api.kubeConfig(),
            controllerName: CONTROLLER,
            resolveAdmin: async () => (reachable ? `http://127.0.0.1:${gateway.adminPort}` : undefined),
            secondLasts,
            log: (line) => line.startsWith("error: GatewayProxy") && failed.push(Date.now()),
        });
        return began;
    }
    async function until(holds: () => boolean): Promise<void> {
        while (!holds()) await new Promise((resolve) => setTimeout(resolve, 5));
    }
    const pushed = (path: string) => configuration.current().objects.has(path);

    it("pushes at once, also with an upstream without a class, which APISIX gets when a route names it", async () => {
        await lead([upstream(), route("r"), consumer("u")], REAL_SECONDS);
        await until(() => pushed("/consumers/llm_u"));
        const [{ value }] = configuration.list("/upstreams/").map(([, stored]) => stored);
        assert.deepEqual(value.nodes, [{ host: "127.0.0.1", port: 1, weight: 100 }]);
    }).timeout(TEST_MS);

    it("pushes nothing for 5 minutes if an upstream of its class existed at the start, but accepts objects meanwhile", async () => {
        const held = upstream({ ingressClassName: "apisix" });
        const began = await lead([held, route("r"), consumer("u")], WAIT_SECOND_LASTS);
        await until(() => api.condition("Consumer", "u")?.status === "True");
        api.delete(...held);
        api.put(...consumer("later"));
        await until(() => api.condition("Consumer", "later")?.status === "True");
        assert.equal(configuration.objects.size, 0, "accepted while it waits");
        await until(() => pushed("/consumers/llm_later"));
        assert.ok(Date.now() - began >= READY_MS, `pushed after ${Date.now() - began} ms`);
    });

    it("waits for no upstream of another class", async () => {
        await lead([upstream({ ingressClassName: "other" }), consumer("u")], REAL_SECONDS);
        await until(() => pushed("/consumers/llm_u"));
    }).timeout(TEST_MS);

    it("repeats a failed push after 1, 2, 4, … seconds, and reports the failure only on its routes", async () => {
        reachable = false;
        await lead([upstream(), route("r"), consumer("u")]);
        await until(() => failed.length === 5);
        failed.slice(1).forEach((at, i) => {
            const seconds = (at - failed[i]) / 1000 / SECOND_LASTS;
            assert.ok(seconds >= 2 ** i * 0.9, `${seconds} s before try ${i + 2}`);
        });
        const { status, reason, message } = api.condition("ApisixRoute", "r");
        assert.deepEqual([status, reason], ["False", "SyncFailed"]);
        assert.match(message, /^ServerAddr: http:\/\/apisix-admin.apisix.svc:9180, Err: HTTP 500: .*ECONNREFUSED/);
        assert.equal(api.condition("Consumer", "u").status, "True");
        reachable = true;
        await until(() => api.condition("ApisixRoute", "r").status === "True");
        assert.ok(pushed("/consumers/llm_u"));
    });

    it("keeps other routes accepted and pushes them if APISIX rejects a route", async () => {
        const bad = route("bad", [{ name: "limit-count", enable: true, config: { count: "many" } }]);
        await lead([upstream(), route("good"), bad, secret("s", { key: "x" })]);
        await until(() => api.condition("ApisixRoute", "bad")?.reason === "SyncFailed");
        assert.match(api.condition("ApisixRoute", "bad").message, /limit-count/);
        assert.equal(api.condition("ApisixRoute", "good").status, "True");
        api.put(...consumer("u"));
        await until(() => pushed("/consumers/llm_u"));
        assert.equal(configuration.list("/routes/").length, 1);
        assert.equal(api.condition("ApisixRoute", "good").status, "True");
    });

    it("cannot push after etcd has lost its data until a gateway restarts, and then restores everything", async () => {
        await lead([upstream(), route("r"), consumer("u")]);
        await until(() => pushed("/consumers/llm_u"));
        configuration.lose();
        api.put(...consumer("later"));
        await until(() => api.condition("ApisixRoute", "r").reason === "SyncFailed");
        assert.match(api.condition("ApisixRoute", "r").message, /Request failed with status code 404/);
        assert.equal(configuration.current().objects.size, 0);
        const options = { port: 0, adminPort: 0, adminKey: "k", configuration: configuration.current() };
        const another = await startGateway(options);
        try {
            await until(() => pushed("/consumers/llm_later") && pushed("/consumers/llm_u"));
            await until(() => api.condition("ApisixRoute", "r").status === "True");
        } finally {
            await another.close();
        }
    });

    it("reverts a manual change within a minute", async () => {
        await lead([upstream(), route("r")]);
        await until(() => configuration.list("/routes/").length === 1);
        const [[key, { value }]] = configuration.list("/routes/");
        configuration.set(key, { ...value, uris: ["/other"] });
        await until(() => String(configuration.objects.get(key)!.value.uris) === "/r");
    });
});
