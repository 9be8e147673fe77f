// Proves that the comparison with the project's rendering accepts every stack config, with any names and numbers, and rejects
// an additional field, a missing field or a text that nginx evaluates, in any place.
import { strict as assert } from "node:assert";
import * as fc from "fast-check";
import { WHEN_DOWN } from "../../../components/apisix/open-requests";
import { renderConsumer } from "../../../components/consumers/consumers";
import type { Limits } from "../../../components/consumers/limits";
import { renderRoute, renderUpstreams } from "../../../components/route/route-rules";
import { servedPrefixes } from "../../../components/alpa/paths";
import { alpaPaths, renderRoutes } from "../../../components/cloudflare/tunnel-routes";
import { guard as guardSchema } from "../../../config/keys/guard";
import { pathPrefix } from "../../../config/values";
import { resourceOf } from "../../../policy/resources/resource";
import { RULES } from "../../../policy/rules";
import { apisixSets, operatorSets } from "../../engine/gateway/real-charts/value-sets";
import { BASES, type Base } from "./bases";
import { givenOf, placesOnce, shapeOf, type Given } from "./stacks";

const asRendered = RULES.find(({ name }) => name === "as-rendered")!;
const judge = (given: Given): string[] => asRendered.check!(resourceOf(given));

function object(type: string, inputs: Record<string, any>): Given {
    return { type, name: "one", urn: `urn:pulumi:s::p::${type}::one`, protect: false, inputs };
}
const route = (namespace: string, spec: object) =>
    object("kubernetes:apisix.apache.org/v2:ApisixRoute", {
        kind: "ApisixRoute",
        metadata: { name: "alpa", namespace },
        spec,
    });

const number = (max: number) => fc.integer({ min: 1, max });
const label = fc.stringMatching(/^[a-z][a-z0-9-]{0,20}[a-z0-9]$/);
const prefix = fc
    .stringMatching(/^\/[a-z0-9]{1,9}(-[a-z0-9]{1,9}){0,2}$/)
    .filter((one) => pathPrefix.safeParse(one).success);
const host = fc.oneof(fc.ipV4(), fc.domain());
const guard = fc
    .record(
        {
            maxBodyBytes: number(1_048_576),
            contextTokens: fc.integer({ min: 512, max: 2048 }),
            vocabulary: number(250_680),
            maxPrompts: number(64),
            minTokens: number(500),
        },
        { requiredKeys: ["maxBodyBytes", "contextTokens", "vocabulary", "maxPrompts"] },
    )
    .chain((values) => label.map((defaultModel) => ({ ...guardSchema.parse(values), defaultModel })));
const classes = fc.array(
    fc.record({
        name: label,
        members: fc.array(label, { minLength: 1, maxLength: 2 }),
        completions: number(400),
        logprobs: number(400),
    }),
    { minLength: 1, maxLength: 2 },
);
const counters = fc.record({
    host: host,
    whenDown: fc.constantFrom(...WHEN_DOWN),
    timeoutMilliseconds: number(9999),
});
const routeSettings = fc
    .record(
        {
            namespace: label,
            guard,
            ingressClassName: label,
            answerTimeoutSeconds: number(100_000),
            ownGateway: fc.boolean(),
            tls: fc.record({ redirect: fc.boolean() }),
            pathPrefix: prefix,
            refused: fc.record({ retryAfterSeconds: number(9999) }),
            revision: fc.stringMatching(/^[0-9a-f]{12}$/),
            classes,
            counters,
        },
        { requiredKeys: ["namespace", "guard", "ingressClassName", "answerTimeoutSeconds", "ownGateway", "revision"] },
    )
    .map(({ counters: shared, ...rest }) => ({
        ...rest,
        // The route and the counters of a stack have the same longest answer time. Only a route with classes uses counters.
        ...(shared && rest.classes && { counters: { ...shared, answerTimeoutSeconds: rest.answerTimeoutSeconds } }),
    }));

/** Each list and map in a tree, with its path. */
function* nodes(tree: any, path = ""): Generator<{ path: string; node: any }> {
    if (typeof tree !== "object" || tree === null) return;
    yield { path, node: tree };
    for (const [field, part] of Object.entries(tree)) yield* nodes(part, `${path}.${field}`);
}

describe("the comparison with what is rendered", () => {
    it("accepts the chart values of every combination of choices", () => {
        // Installations by Rampart are left out, because Rampart gets the values in a graph and not in a Helm release.
        const sets = apisixSets().filter(({ what }) => !what.includes("by Rampart"));
        const repositoryOpts = { repo: "https://charts.example.org" };
        for (const { what, chart, values, installation } of [...sets, ...operatorSets()])
            assert.deepEqual(
                judge(
                    object("kubernetes:helm.sh/v3:Release", {
                        ...{ chart: chart.name, repositoryOpts, values },
                        ...{ name: installation.release, namespace: installation.namespace },
                    }),
                ).filter(() => chart.name === "apisix" || installation.release === "kuberay"),
                [],
                what,
            );
    });

    it("accepts a route with any names and numbers that a stack config accepts", () => {
        fc.assert(
            fc.property(routeSettings, (settings) => {
                assert.deepEqual(judge(route(settings.namespace, renderRoute(settings))), []);
            }),
            { numRuns: 60 },
        );
    });

    const shares: [what: string, change: (rule: any, config: any) => unknown][] = [
        ["an answer of its own", (rule) => (rule.actions = [["return", { code: 200 }]])],
        ["a share for callers by a header", (rule) => (rule.case = [["http_x_class", "==", "batch"]])],
        ["a share that delays instead of rejecting", (rule) => (rule.actions[0][1].burst = 4)],
        ["a share of each caller", (rule) => (rule.actions[0][1].key = "consumer_name")],
        ["a class without a condition", (rule) => delete rule.case],
        ["a filter that lets requests bypass it", (_, config) => (config._meta = { filter: [["uri", "==", "/"]] })],
    ];
    for (const [what, change] of shares)
        it(`rejects a workflow with ${what}`, () => {
            const given = { namespace: "a1", ingressClassName: "a1", answerTimeoutSeconds: 600, ownGateway: true };
            const rules = { ...guardSchema.parse({}), defaultModel: "default" };
            const classes = [{ name: "batch", members: ["b1", "b2"], completions: 2, logprobs: 1 }];
            const spec = renderRoute({ ...given, guard: rules, revision: "0123456789ab", classes });
            assert.deepEqual(judge(route("a1", spec)), []);
            const changed = structuredClone(spec);
            const { config } = changed.http[0].plugins.find(({ name }) => name === "workflow")!;
            change((config.rules as any[])[0], config);
            assert.match(judge(route("a1", changed)).join("\n"), /^spec\.http\[0\]\.plugins/m);
        });

    it("accepts any limits that each pod counts while the counters are down, and rejects invalid ones", () => {
        const binding = { ingressClass: "a1", gateway: "a1", gatewayNamespace: "a1" };
        const shared = { host: "c1", whenDown: "each-pod", timeoutMilliseconds: 9, answerTimeoutSeconds: 600 } as const;
        const credentials = [{ id: "k1", method: "key" as const }];
        const judged = (limits: Limits, change = (_: any) => {}) => {
            const spec = renderConsumer({ name: "b1", limits, credentials }, binding, "a1", shared);
            change(spec.plugins!.find(({ name }) => name === "limit-req")!.config);
            return judge(
                object("kubernetes:apisix.apache.org/v1alpha1:Consumer", {
                    metadata: { name: "b1", namespace: "a1" },
                    spec,
                }),
            );
        };
        fc.assert(
            fc.property(number(99_999), number(99_999), (requests, perSeconds) => {
                assert.deepEqual(judged({ requests, perSeconds }), []);
            }),
        );
        const limits = { requests: 60, perSeconds: 30, concurrent: 2 };
        assert.deepEqual(judged(limits), []);
        for (const change of [
            (config: any) => (config.burst = 1_000_000),
            (config: any) => (config.rate = 1_000_000),
            (config: any) => (config.key = "remote_addr"),
        ])
            assert.match(judged(limits, change).join("\n"), /^spec\.plugins/m);
    });

    it("rejects a prefix that no stack config accepts", () => {
        const given = { namespace: "a1", ingressClassName: "a1", answerTimeoutSeconds: 600, ownGateway: true };
        const rules = { ...guardSchema.parse({}), defaultModel: "default" };
        const spec = renderRoute({ ...given, guard: rules, revision: "0123456789ab", pathPrefix: "/a/b" });
        assert.match(
            judge(route("a1", spec)).join("\n"),
            /^spec\.http: a prefix must be one lower-case part of a path/m,
        );
    });

    it("accepts upstreams and tunnels to any hosts", () => {
        const endpoint = fc.record({
            address: fc.tuple(host, number(65535)).map((one) => one.join(":")),
            weight: number(99),
        });
        const endpoints = fc.array(endpoint, { minLength: 1, maxLength: 4 });
        fc.assert(
            fc.property(endpoints, number(9999), fc.boolean(), (all, answerTimeoutSeconds, failover) => {
                const specs = renderUpstreams({ endpoints: all, answerTimeoutSeconds, failover });
                for (const [role, spec] of Object.entries(specs))
                    assert.deepEqual(
                        judge(
                            object("kubernetes:apisix.apache.org/v2:ApisixUpstream", {
                                kind: "ApisixUpstream",
                                metadata: { name: `alpa-${role}`, namespace: "alpa-auth" },
                                spec,
                            }),
                        ),
                        [],
                    );
            }),
            { numRuns: 40 },
        );
        const own = fc.option(prefix, { nil: undefined });
        const hostnames = fc.uniqueArray(fc.domain(), { minLength: 1, maxLength: 3 });
        fc.assert(
            fc.property(hostnames, endpoint, label, own, (names, { address }, teamName, own) => {
                const config = renderRoutes({
                    hostnames: names,
                    endpoint: address,
                    paths: alpaPaths(servedPrefixes(own)),
                    access: { teamName, audience: "a1" },
                });
                const type = "cloudflare:index/zeroTrustTunnelCloudflaredConfig:ZeroTrustTunnelCloudflaredConfig";
                assert.deepEqual(judge(object(type, { config })), []);
            }),
            { numRuns: 40 },
        );
    });

    describe("of all resources of stacks", () => {
        const compared: Given[] = [];
        before(async () => {
            const seen = new Set<string>();
            for (const base of Object.keys(BASES) as Base[])
                for (const given of givenOf(await BASES[base]())) {
                    if (!seen.has(shapeOf(given))) compared.push(given);
                    seen.add(shapeOf(given));
                }
        });
        const bodies = ["spec", "values", "config", "rules", "destinations", "policies", "includes"];
        const bodiesOf = ({ inputs }: Given) => bodies.flatMap((field) => [...nodes(inputs[field], field)]);
        const isCompared = (given: Given) => {
            const copy = structuredClone(given);
            for (const field of bodies) if (copy.inputs[field]) copy.inputs[field] = { other: true };
            return judge(copy).length > 0;
        };

        it("rejects an additional field, in any place", () => {
            const passed: string[] = [];
            const isNew = placesOnce();
            for (const given of compared.filter(isCompared))
                for (const { path, node } of bodiesOf(given)) {
                    if (!isNew(given, path)) continue;
                    if (Array.isArray(node)) node.push({ more: 1 });
                    else node.more = "1";
                    if (judge(given).length === 0) passed.push(`${given.name} ${path}`);
                    if (Array.isArray(node)) node.pop();
                    else delete node.more;
                }
            // The operator chooses the labels of a scraper. An additional label is allowed, because then fewer pods
            // match.
            assert.deepEqual(passed, ["alpa-policies-metrics spec.ingress.0.from.0.podSelector.matchLabels"]);
        });

        it("rejects a text that nginx or a shell evaluates, in any place", () => {
            const passed: string[] = [];
            const isNew = placesOnce();
            for (const given of compared.filter(isCompared))
                for (const { path, node } of bodiesOf(given))
                    for (const [field, text] of Object.entries(node)) {
                        // The operator writes the command that starts Alpa, so this text is not checked.
                        if (typeof text !== "string" || node.name === "ALPA_COMMAND") continue;
                        if (!isNew(given, `${path}.${field}`)) continue;
                        node[field] = `${text}$http_apikey`;
                        if (judge(given).length === 0) passed.push(`${given.name} ${path}.${field}`);
                        node[field] = text;
                    }
            assert.deepEqual(passed, []);
        });

        it("rejects a route without one of its fields", () => {
            const passed: string[] = [];
            const isNew = placesOnce();
            for (const given of compared.filter(({ inputs }) => inputs.kind === "ApisixRoute"))
                for (const { path, node } of bodiesOf(given)) {
                    if (Array.isArray(node)) continue;
                    for (const [field, value] of Object.entries(node)) {
                        if (!isNew(given, `${path}.${field}`)) continue;
                        delete node[field];
                        if (judge(given).length === 0) passed.push(`${given.name} ${path}.${field}`);
                        node[field] = value;
                    }
                }
            assert.deepEqual(passed, []);
        });
    });
});
