// Proves the stored provider against a fake API server. Engine tests prove that `up` waits for the provider.
import { strict as assert } from "node:assert";
import * as pulumi from "@pulumi/pulumi";
import { GatewayServes } from "../../../../components/consumers/gateway-serves";
import type { GatewayPods } from "../../../../components/apisix/gateway-pods";
import { one, record } from "../../../kit";
import { fakeApi, type Answer, type FakeApi } from "../../kit/fake-api";
import { API_SERVER, assertStored, load, storedText } from "../kubernetes/stored";
import { useFastTimers } from "../../kit/timers";

const TYPE = "pulumi-nodejs:dynamic/alpa-auth:GatewayServes";
const gateway: GatewayPods = { namespace: "g", labels: { app: "apisix" }, unasked: "settle", evidence: "/e?q" };
const SERVED = {
    installed: "1",
    route: { revision: "r", requests: [], generation: 1, attempt: 0 },
    generations: {},
    materials: {},
};
const register = async (kubeconfig?: pulumi.Output<string>) => {
    const served = { ...SERVED, generations: { alice: 1 } };
    const readiness = { acceptTimeoutSeconds: 5, settleSeconds: 0 };
    const args = { cluster: { kubeconfig }, namespace: "a", gateway, readiness, served };
    return one(await record(() => new GatewayServes("served", args, {})), TYPE);
};

const condition = (type: string, status: string, generation: number, message: string) => ({
    metadata: { generation },
    status: { conditions: [{ type, status, reason: "Because", message, observedGeneration: generation }] },
});
const consumer = (name: string, generation: number, status = "True") => {
    const object = condition("Available", status, generation, `no to ${name}`);
    return { ...object, metadata: { ...object.metadata, name } };
};
const pending = (name: string) => ({ metadata: { name, generation: 1 } });
const route = (status = "True") => condition("Accepted", status, 1, "APISIX is away");
/** A namespace of the gateway without pods and without a Secret with Admin keys. */
const NO_PODS: Record<string, Answer> = { pods: { kind: "PodList", items: [] } };
const list = (...items: object[]) => ({ kind: "ConsumerList", items });

describe("GatewayServes", () => {
    useFastTimers();
    const { now } = Date;
    let text: string;
    let provider: pulumi.dynamic.ResourceProvider;
    let api: FakeApi | undefined;
    before(async () => {
        text = storedText(await register());
        provider = load(text);
    });
    afterEach(() => void (Date.now = now));

    /**
     * Updates the resource.
     * @param lists successive answers to reads of consumers
     * @param routes those to reads of routes
     */
    async function update(olds: object, news: object, lists: Answer[], routes: Answer[] = [route()], seconds = 1) {
        let looks = 0;
        let asked = 0;
        api = await fakeApi((path) =>
            path.endsWith("/consumers")
                ? lists[Math.min(looks++, lists.length - 1)]
                : path.startsWith("/api/v1/namespaces/g/")
                  ? NO_PODS[path.split("/").at(-1)!]
                  : routes[Math.min(asked++, routes.length - 1)],
        );
        const start = now();
        Date.now = () => start + 1000 * seconds * looks;
        const common = {
            ...{ kubeconfig: api.kubeconfig, namespace: "a", gateway },
            ...{ timeoutSeconds: 30, settleSeconds: 0 },
        };
        const of = (generations: object) => ({ ...common, served: { ...SERVED, generations } });
        await provider.update!("a", of(olds), of(news));
        return looks;
    }

    it("stores its provider in less than 62 kB, without the Pulumi SDK", () =>
        assertStored(text, 62_000, [...API_SERVER, "node:crypto", "node:stream", "node:util", "ws"]));

    const changes: [what: string, olds: object, news: object, changes: boolean][] = [
        ["nothing", { a: 1, b: 2 }, { b: 2, a: 1 }, false],
        ["a new consumer", { a: 1 }, { a: 1, b: 1 }, true],
        ["another generation", { a: 1 }, { a: 2 }, true],
        ["a consumer that was removed", { a: 1, b: 1 }, { a: 1 }, true],
    ];
    it("is updated for another key with the same id, which changes no generation", async () => {
        const of = (digest: string) => ({ served: { ...SERVED, materials: { a: digest } }, namespace: "a", gateway });
        assert.equal((await provider.diff!("a", of("old"), of("old"))).changes, false);
        assert.equal((await provider.diff!("a", of("old"), of("new"))).changes, true);
    });

    it("changes while Pulumi does not know yet what is served, as in the preview of a new gateway", async () => {
        const of = (served: unknown) => ({ namespace: "a", gateway, served });
        const unknown = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";
        assert.equal((await provider.diff!("a", of(SERVED), of(unknown))).changes, true);
    });

    for (const [what, olds, news, expected] of changes)
        it(`${expected ? "is" : "is not"} updated for ${what}`, async () => {
            const of = (generations: object) => ({ served: { ...SERVED, generations }, namespace: "a", gateway });
            assert.equal((await provider.diff!("a", of(olds), of(news))).changes, expected);
        });

    it("requests one list for all Consumers, and ends when each is accepted in its current generation", async () => {
        const looks = await update({}, { alice: 1, bob: 2 }, [
            list(pending("alice"), consumer("bob", 1)),
            list(consumer("alice", 1), pending("bob")),
            list(consumer("alice", 1), consumer("bob", 2)),
        ]);
        assert.equal(looks, 3);
        assert.deepEqual(
            [...new Set(api!.asked)].sort(),
            [
                "/apis/apisix.apache.org/v1alpha1/namespaces/a/consumers",
                "/apis/apisix.apache.org/v2/namespaces/a/apisixroutes/alpa",
                "/api/v1/namespaces/g/pods",
                "/api/v1/namespaces/g/secrets/apisix-admin-keys",
            ].sort(),
        );
    });

    it("is updated for another installation of the gateway, which must apply the route and every Consumer again", async () => {
        const of = (installed: string) => ({
            ...{ namespace: "a", gateway, timeoutSeconds: 30, settleSeconds: 0 },
            served: { ...SERVED, installed, generations: { alice: 1 } },
        });
        assert.equal((await provider.diff!("a", of("1"), of("2"))).changes, true);
        const asked: string[] = [];
        api = await fakeApi((path) => {
            asked.push(path.split("/").at(-1)!);
            if (path.startsWith("/api/v1/namespaces/g/")) return NO_PODS[path.split("/").at(-1)!];
            return path.endsWith("/consumers") ? list(consumer("alice", 1)) : route();
        });
        const { kubeconfig } = api;
        await provider.update!("a", { ...of("1"), kubeconfig }, { ...of("2"), kubeconfig });
        assert.deepEqual(asked, ["alpa", "pods", "consumers", "alpa", "apisix-admin-keys", "pods"]);
    });

    it("ignores consumers that have not changed", async () => {
        const refused = consumer("old", 1, "False");
        assert.equal(await update({ old: 1 }, { old: 1, alice: 1 }, [list(refused, consumer("alice", 1))]), 1);
    });

    it("does not wait when a consumer is removed", async () =>
        assert.equal(await update({ alice: 1, bob: 1 }, { alice: 1 }, [list()]), 0));

    it("retries while the API server is briefly unreachable", async () =>
        assert.equal(await update({}, { alice: 1 }, [503, list(consumer("alice", 1))]), 2));

    it("ignores a rejection that does not last", async () =>
        assert.equal(
            await update({}, { alice: 1 }, [list(consumer("alice", 1, "False")), list(consumer("alice", 1))]),
            2,
        ));

    it("fails with the controller's message for each consumer that stays rejected", async () => {
        const all = list(consumer("alice", 1, "False"), consumer("bob", 1, "False"), consumer("carol", 1));
        await assert.rejects(update({}, { alice: 1, bob: 1, carol: 1 }, [all]), (error: Error) => {
            assert.match(
                error.message,
                /^Consumers of a: 2 of 3 refused\nalice: Because: no to alice\nbob: Because: no to bob\n/,
            );
            assert.match(error.message, /kubectl -n a get consumers\.apisix\.apache\.org/);
            return true;
        });
    });

    it("quotes ten of many rejections", async () => {
        const names = Array.from({ length: 30 }, (_, i) => `c${i}`);
        const all = list(...names.map((name) => consumer(name, 1, "False")));
        const news = Object.fromEntries(names.map((name) => [name, 1]));
        await assert.rejects(update({}, news, [all]), /30 of 30 refused\n(c.*\n){10}and 20 more\n/);
    });

    it("waits while APISIX does not get the controller's configuration", async () => {
        const taken = [list(consumer("alice", 1))];
        assert.equal(await update({}, { alice: 1 }, taken, [route("False"), route()]), 2);
    });

    it("fails with the controller's message when nothing reaches APISIX any more", async () =>
        assert.rejects(
            update({}, { alice: 1 }, [list(consumer("alice", 1))], [route("False")]),
            /ApisixRoute a\/alpa: Because: APISIX is away/,
        ));

    it("times out, and reports its progress", async () => {
        const some = list(pending("alice"), consumer("bob", 1));
        await assert.rejects(
            update({}, { alice: 1, bob: 1 }, [some]),
            /not ready after 30 s \(1 of 2 not accepted yet, alice: no ingress controller has processed it\)/,
        );
    });
});
