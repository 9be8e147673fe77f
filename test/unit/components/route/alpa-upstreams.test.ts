// Proves the upstreams that the gateway gets for Alpa's services. Engine tests prove its behaviour; recordings of the
// real Alpa show that it answers a health check with 400.
import { strict as assert } from "node:assert";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import {
    completionsUpstream,
    logprobsUpstream,
    renderUpstream,
    type AlpaSettings,
} from "../../../../components/route/alpa-upstreams";

const two: AlpaSettings = {
    endpoints: [
        { address: "10.0.0.11:20001", weight: 3 },
        { address: "node-2.example.org:20002", weight: 1 },
    ],
    answerTimeoutSeconds: 900,
    failover: true,
};
const one = { ...two, endpoints: two.endpoints.slice(0, 1) };
const still = { ...two, failover: undefined };
const names = (spec: any) => spec.externalNodes.map((n: any) => n.name);

describe("an upstream", () => {
    const upstream = renderUpstream(two.endpoints, 900);
    it("names each service as what it is, an address outside the cluster, with its weight", () =>
        assert.deepEqual(upstream.externalNodes, [
            { type: "Domain", name: "10.0.0.11", port: 20001, weight: 3 },
            { type: "Domain", name: "node-2.example.org", port: 20002, weight: 1 },
        ]));
    it("is never asked twice", () => assert.equal(upstream.retries, 0));
    it("may take as long as the longest answer", () => assert.equal(upstream.timeout.read, "900s"));
});

describe("the upstream of completions", () => {
    it("has every service", () =>
        assert.deepEqual(names(completionsUpstream(two)), names(renderUpstream(two.endpoints, 1))));
    it("is looked at only where there is another service to go to, and where that is wanted", () => {
        assert.ok("healthCheck" in completionsUpstream(two));
        assert.ok(!("healthCheck" in completionsUpstream(one)));
        assert.ok(!("healthCheck" in completionsUpstream(still)));
    });
});

describe("the upstream of logprobs", () => {
    it("is the first service alone, unless the services may stand in for each other", () => {
        assert.deepEqual(names(logprobsUpstream(still)), ["10.0.0.11"]);
        assert.ok(!("loadbalancer" in logprobsUpstream(still)));
    });
    it("has every service where they may, one for each caller", () => {
        const spec = logprobsUpstream(two) as any;
        assert.deepEqual(names(spec), ["10.0.0.11", "node-2.example.org"]);
        // Not a header or an address: a caller has several of both.
        assert.deepEqual(spec.loadbalancer, { type: "chash", hashOn: "consumer" });
    });
});

describe("a look at a service", () => {
    const { active } = (completionsUpstream(two) as any).healthCheck;
    it("is by HTTP, which is what the controller makes of a check by TCP too", () => assert.equal(active.type, "http"));
    it("counts as a good sign what Alpa answers, and is no passing one", () => {
        assert.ok(active.healthy.httpCodes.includes(400));
        assert.ok(!active.unhealthy.httpCodes.includes(400));
        assert.equal(active.healthy.successes, 1);
    });
    it("may take seconds, in the unit of the definition", () => assert.equal(active.timeout, 3_000_000_000));
    it("has an interval on both sides, without which the controller refuses the route", () =>
        assert.deepEqual([active.healthy.interval, active.unhealthy.interval], ["5s", "5s"]));
    it("does not ask for what the controller would misspell", () => assert.equal(active.strictTLS, false));

    // The recordings are not part of this repository.
    const shared = process.env.ALPA_AUTH_SHARED ?? join(__dirname, "../../../../../shared");
    const file = join(shared, "reference/data/recorded/alpa-http.json");
    if (existsSync(file))
        it("is answered by the real Alpa with a status that counts as good", () => {
            const { cases } = JSON.parse(readFileSync(file, "utf8")) as { cases: any[] };
            const plain = cases.filter((c) => c.request?.method === "GET" && c.request.body === null);
            assert.ok(plain.length > 0);
            for (const { id, response } of plain) assert.ok(active.healthy.httpCodes.includes(response.status), id);
        });
});
