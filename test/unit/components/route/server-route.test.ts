import { strict as assert } from "node:assert";
import * as pulumi from "@pulumi/pulumi";
import { PREFIX } from "../../../../components/alpa/paths";
import { ServerRoute } from "../../../../components/route/server-route";
import { renderRoute, renderUpstreams } from "../../../../components/route/route-rules";
import { comesAfter, oneOfKind, record, value } from "../../../kit";
import { GUARD } from "./guard-settings";

const render = (answerTimeoutSeconds: number, ownGateway: boolean, pathPrefix?: string, revision?: string) =>
    renderRoute({
        ...{ namespace: "alpa-auth", guard: GUARD, ingressClassName: "alpa-auth" },
        ...{ answerTimeoutSeconds, ownGateway, pathPrefix, revision },
    });
const build = (ownGateway = true, answerTimeoutSeconds = 900) =>
    new ServerRoute("alpa-route", {
        meaning: {},
        namespace: "alpa-auth",
        upstreams: renderUpstreams({
            endpoints: ["10.0.0.11:20001", "10.0.0.12:20002"].map((address) => ({ address, weight: 1 })),
            answerTimeoutSeconds,
        }),
        requests: [],
        spec: (revision) => render(answerTimeoutSeconds, ownGateway, undefined, revision),
    });
const spec = render(900, true);
const rule = (name: string, of = spec) => {
    const found = of.http.filter((r) => r.name === name);
    assert.equal(found.length, 1, name);
    return found[0] as any;
};

describe("the route", () => {
    it("has no rule without a plugin that authenticates or rejects", () => {
        for (const { name, plugins } of spec.http)
            assert.ok(
                plugins.some((p) => p.name === "multi-auth" || p.name === "fault-injection"),
                name,
            );
    });
    it("serves the stack's own prefix in addition to the common one", () => {
        const own = render(900, false, "/alpa-opt-service");
        const paths = (name: string) => rule(name, own).match.paths;
        assert.deepEqual(paths("completions"), ["/alpa-opt-service/completions", "/alpa/completions"]);
        assert.deepEqual(paths("service"), ["/alpa-opt-service/", "/alpa/"]);
        assert.deepEqual(paths("query-string").length, 4);
        const both = ["/alpa-opt-service", "/alpa-opt-service/*", "/alpa", "/alpa/*"];
        assert.deepEqual(paths("closed"), both);
        assert.deepEqual(render(900, true, PREFIX), spec);
    });
});

describe("ServerRoute", () => {
    it("sends completions to every endpoint, and logprobs to the first only", async () => {
        const seen = await record(() => build());
        const hosts = (name: string) =>
            oneOfKind(seen, "ApisixUpstream", name).inputs.spec.externalNodes.map((n: any) => n.name);
        assert.deepEqual(hosts("alpa-completions"), ["10.0.0.11", "10.0.0.12"]);
        assert.deepEqual(hosts("alpa-logprobs"), ["10.0.0.11"]);
    });

    it("gives its upstreams no ingress class, for which the controller would wait after each start", async () => {
        const seen = await record(() => build());
        for (const name of ["alpa-completions", "alpa-logprobs", "alpa-nowhere"])
            assert.ok(!("ingressClassName" in oneOfKind(seen, "ApisixUpstream", name).inputs.spec));
    });

    it("creates the upstreams, then the route, then waits for it", async () => {
        const seen = await record(() => build());
        const route = oneOfKind(seen, "ApisixRoute", "alpa");
        for (const role of ["alpa-completions", "alpa-logprobs"]) {
            const upstream = oneOfKind(seen, "ApisixUpstream", role);
            assert.ok(comesAfter(seen, route, upstream), role);
            assert.ok(!comesAfter(seen, upstream, route), role);
        }
    });

    it("has each rule's error answers include the revision of the rules and upstreams", async () => {
        let built: ServerRoute;
        const seen = await record(() => (built = build()));
        const { revision, generation } = built!.served;
        assert.match(revision, /^[0-9a-f]{12}$/);
        assert.equal(await value(pulumi.output(generation)), 1);
        for (const { name, plugins } of oneOfKind(seen, "ApisixRoute", "alpa").inputs.spec.http) {
            const shaped = plugins.find((p: any) => p.name === "response-rewrite");
            assert.equal(shaped.config.headers.set["X-Alpa-Auth-Revision"], revision, name);
        }
    });

    it("has another revision for other rules, and for other upstreams", async () => {
        const revision = async (own: boolean, seconds?: number) => {
            let built: ServerRoute;
            await record(() => (built = build(own, seconds)));
            return built!.served.revision;
        };
        const all = [await revision(true), await revision(false), await revision(true, 901)];
        assert.equal(new Set(all).size, 3);
        assert.equal(await revision(true), all[0]);
    });
});
