// Proves the upstreams of the gateway for Alpa's services. Engine tests prove their behaviour.
import { strict as assert } from "node:assert";
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
    it("names each service as an address outside the cluster, with its weight", () =>
        assert.deepEqual(upstream.externalNodes, [
            { type: "Domain", name: "10.0.0.11", port: 20001, weight: 3 },
            { type: "Domain", name: "node-2.example.org", port: 20002, weight: 1 },
        ]));
});

describe("the upstream of completions", () => {
    it("has every service", () =>
        assert.deepEqual(names(completionsUpstream(two)), names(renderUpstream(two.endpoints, 1))));
    it("has health checks only where there is another service, and where configured", () => {
        assert.ok("healthCheck" in completionsUpstream(two));
        assert.ok(!("healthCheck" in completionsUpstream(one)));
        assert.ok(!("healthCheck" in completionsUpstream(still)));
    });
});

describe("the upstream of logprobs", () => {
    it("is only the first service, unless the services are interchangeable", () => {
        assert.deepEqual(names(logprobsUpstream(still)), ["10.0.0.11"]);
        assert.ok(!("loadbalancer" in logprobsUpstream(still)));
    });
    it("has every interchangeable service, one for each caller", () => {
        const spec = logprobsUpstream(two) as any;
        assert.deepEqual(names(spec), ["10.0.0.11", "node-2.example.org"]);
        // Not by header or address: a caller with several keys or addresses would reach several services.
        assert.deepEqual(spec.loadbalancer, { type: "chash", hashOn: "consumer" });
    });
});

describe("a health check of a service", () => {
    const { active } = (completionsUpstream(two) as any).healthCheck;
    it("accepts Alpa's own answer as healthy, which has no success status", () => {
        assert.ok(active.healthy.httpCodes.includes(400));
        assert.ok(!active.unhealthy.httpCodes.includes(400));
        assert.equal(active.healthy.successes, 1);
    });
});
