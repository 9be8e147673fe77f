// Proves that an ApisixRoute is translated like by controller 2.0.1, bugs included.

import assert from "node:assert/strict";

import { object, outcome, route, said, secret, translated } from "./kit";

const accepted = "True Accepted";
const twoPorts = [{ name: "a", port: 80 }];
const service = (name: string, spec: object = {}) =>
    object("Service", name, { clusterIP: "10.96.0.7", ports: twoPorts, ...spec });
const slice = (name: string, addresses: string[], ready = true) =>
    object("EndpointSlice", `${name}-1`, undefined, {
        metadata: { name: `${name}-1`, namespace: "llm", labels: { "kubernetes.io/service-name": name } },
        endpoints: [{ addresses, conditions: { ready } }],
        ports: [{ name: "a", port: 8080 }],
    });

describe("ApisixRoute", () => {
    it("becomes one service with the hosts and one route with the rest", () => {
        const rule = {
            match: { paths: ["/completions"], hosts: ["llm.example.com"], methods: ["POST"] },
            priority: 5,
            plugins: [{ name: "key-auth", enable: true, config: { header: "apikey" } }],
        };
        const { said, route: made, service: held } = route(rule);
        assert.equal(said, accepted);
        assert.deepEqual(held.hosts, ["llm.example.com"]);
        assert.deepEqual(held.upstream.nodes, [{ host: "10.0.0.11", port: 20001, weight: 100 }]);
        assert.equal(made.service_id, held.id);
        assert.deepEqual([made.uris, made.methods, made.priority], [["/completions"], ["POST"], 5]);
        assert.deepEqual(made.plugins, { "key-auth": { header: "apikey" } });
        assert.equal(made.enable_websocket, false);
        assert.equal(made.name, "llm_alpa_r");
        assert.equal(held.labels["k8s/kind"], "ApisixRoute");
    });

    const types: [type: string, plugin: string][] = [
        ["keyAuth", "key-auth"],
        ["jwtAuth", "jwt-auth"],
        ["hmacAuth", "hmac-auth"],
        ["basicAuth", "basic-auth"],
        ["key-auth", "basic-auth"],
        ["JWTAuth", "basic-auth"],
    ];
    for (const [type, plugin] of types) {
        it(`turns authentication type ${type} into ${plugin}`, () => {
            const { said, route: made } = route({ authentication: { enable: true, type } });
            assert.deepEqual([said, Object.keys(made.plugins)], [accepted, [plugin]]);
        });
    }

    it("adds no plugin for authentication that is not enabled", () => {
        assert.deepEqual(route({ authentication: { enable: false, type: "keyAuth" } }).route.plugins, {});
    });

    it("prefers authentication to its plugins, and those to the shared plugin config", () => {
        const shared = object("ApisixPluginConfig", "shared", {
            plugins: [
                { name: "key-auth", enable: true, config: { from: "shared" } },
                { name: "cors", enable: true, config: { from: "shared" } },
                { name: "limit-count", enable: true, config: { from: "shared" } },
            ],
        });
        const rule = {
            plugin_config_name: "shared",
            plugins: [
                { name: "key-auth", enable: true, config: { from: "rule" } },
                { name: "cors", enable: true, config: { from: "rule" } },
                { name: "limit-count", enable: false, config: { from: "rule" } },
            ],
            authentication: { enable: true, type: "keyAuth", keyAuth: { header: "x" } },
        };
        assert.deepEqual(route(rule, shared).route.plugins, {
            "key-auth": { header: "x" },
            cors: { from: "rule" },
            "limit-count": { from: "shared" }, // enable: false does not take it away
        });
    });

    it("replaces a plugin config that is no object by an empty one", () => {
        for (const config of [["a"], "a", null, undefined]) {
            const plugins = [{ name: "ip-restriction", enable: true, config }];
            assert.deepEqual(route({ plugins }).route.plugins, { "ip-restriction": {} });
        }
    });

    it("merges a Secret into a plugin as strings, with dots as nested objects", () => {
        const plugins = [{ name: "p", enable: true, config: { a: { x: 1 }, n: 1 }, secretRef: "s" }];
        const { route: made } = route({ plugins }, secret("s", { n: "2", "a.b": "c" }));
        assert.deepEqual(made.plugins.p, { a: { x: 1, b: "c" }, n: "2" });
    });

    it("silently ignores the Secret of a plugin config in another namespace", () => {
        const metadata = { name: "shared", namespace: "other" };
        const plugins = [{ name: "p", enable: true, config: {}, secretRef: "s" }];
        const shared = object("ApisixPluginConfig", "shared", { plugins }, { metadata });
        const rule = { plugin_config_name: "shared", plugin_config_namespace: "other" };
        const { said, route: made } = route(rule, shared, secret("s", { a: "b" }), secret("s", { a: "b" }, "other"));
        assert.deepEqual([said, made.plugins], [accepted, { p: {} }]);
    });

    const times: [text: string, seconds: number][] = [
        ["600s", 600],
        ["1m30s", 90],
        ["1500ms", 1],
        ["999ms", 60],
        ["0s", 60],
        ["1.5h", 5400],
    ];
    for (const [read, seconds] of times) {
        it(`reads a timeout of ${read} as ${seconds} s, and missing parts as 60 s`, () => {
            const { route: made } = route({ timeout: { read } });
            assert.deepEqual(made.timeout, { connect: 60, send: 60, read: seconds });
        });
    }

    it("translates expressions", () => {
        const subject = { scope: "Header", name: "X-Team" };
        const exprs = [
            { subject, op: "Equal", value: "a" },
            { subject: { scope: "Query", name: "q" }, op: "NotIn", set: ["a"] },
            { subject: { scope: "Path", name: "" }, op: "RegexMatch", value: "^/v1" },
        ];
        assert.deepEqual(route({ match: { paths: ["/"], exprs } }).route.vars, [
            ["http_x_team", "==", "a"],
            ["arg_q", "!", "in", ["a"]],
            ["uri", "~~", "^/v1"],
        ]);
    });

    const refused: [why: string, rule: object, said: RegExp][] = [
        ["no match", { match: undefined }, /match: required/],
        [
            "a missing plugin config",
            { plugin_config_name: "x" },
            /InvalidSpec: failed to get ApisixPluginConfig: llm\/x$/,
        ],
        [
            "a missing Secret",
            { plugins: [{ name: "p", enable: true, secretRef: "x" }] },
            /failed to get Secret: llm\/x$/,
        ],
        [
            "the same Service twice",
            {
                backends: [
                    { serviceName: "a", servicePort: 1 },
                    { serviceName: "a", servicePort: 2 },
                ],
            },
            /duplicate backend service: llm\/a$/,
        ],
        [
            "an invalid address",
            { match: { paths: ["/"], remoteAddrs: ["10.0.0"] } },
            /\.spec\.http\[0\]\.match\.remoteAddrs: /,
        ],
        [
            "an unknown operator",
            { match: { paths: ["/"], exprs: [{ subject: { scope: "Path", name: "" }, op: "Is", value: "" }] } },
            /match\.exprs: unknown operator Is/,
        ],
        ["a timeout without a unit", { timeout: { read: "600" } }, /timeout\.read: must be a Go duration/],
    ];
    for (const [why, rule, pattern] of refused) {
        it(`is rejected for ${why}`, () => {
            const found = route(rule);
            assert.match(found.said, /^False InvalidSpec: /);
            assert.match(found.said, pattern);
            assert.equal(found.objects, undefined, "nothing is sent, and what was sent before stays");
        });
    }

    it("is rejected as a whole for stream rules, which are unsupported", () => {
        const stream = [{ name: "s", protocol: "TCP", match: { ingressPort: 1 }, backend: {} }];
        const { outcomes } = translated(object("ApisixRoute", "alpa", { ingressClassName: "apisix", stream }));
        assert.match(said(outcome(outcomes, "ApisixRoute", "alpa").conditions[0]), /^False InvalidSpec: .*unsupported/);
    });
});

describe("ApisixRoute with several backends", () => {
    const metal2 = object("ApisixUpstream", "metal2", {
        externalNodes: [{ type: "Domain", name: "b.example", port: 1 }],
    });
    const two = { upstreams: [{ name: "metal", weight: 90 }, { name: "metal2" }] };

    it("puts the first into the service and splits traffic there, with weight 100 by default", () => {
        const { service: held, upstreams, route: made } = route(two, metal2);
        const [other] = upstreams;
        assert.deepEqual(held.upstream.nodes[0].host, "10.0.0.11");
        assert.deepEqual(other.nodes[0].host, "b.example");
        const weighted_upstreams = [{ weight: 90 }, { upstream_id: other.id, weight: 100 }];
        assert.deepEqual(held.plugins, { "traffic-split": { rules: [{ weighted_upstreams }] } });
        assert.equal(made.plugins["traffic-split"], undefined);
    });

    it("keeps a weight of zero", () => {
        const { service: held } = route({ upstreams: [{ name: "metal", weight: 0 }, { name: "metal2" }] }, metal2);
        assert.equal(held.plugins["traffic-split"].rules[0].weighted_upstreams[0].weight, 0);
    });

    it("skips a missing ApisixUpstream: the other one gets all traffic, status True", () => {
        const found = route(two);
        assert.equal(found.said, accepted);
        assert.equal(found.service.plugins, undefined);
        assert.match(found.log, /upstream metal2 is skipped/);
    });

    it("has an empty upstream when none is valid, status True", () => {
        const found = route({ upstreams: [{ name: "x" }] });
        assert.deepEqual([found.said, found.service.upstream.nodes], [accepted, []]);
    });

    it("skips an external node whose type is not Domain, or whose name is not lower case", () => {
        for (const node of [
            { name: "10.0.0.1" },
            { name: "10.0.0.1", type: "domain" },
            { name: "A.example", type: "Domain" },
            { name: "::1", type: "Domain" },
        ]) {
            const bad = object("ApisixUpstream", "bad", { externalNodes: [node] });
            assert.deepEqual(route({ upstreams: [{ name: "bad" }] }, bad).service.upstream.nodes, []);
        }
    });

    it("puts Services before ApisixUpstreams, with the addresses of their ready pods", () => {
        const found = route(
            { backends: [{ serviceName: "s", servicePort: 80, weight: 3 }] },
            service("s"),
            slice("s", ["10.1.0.1", "10.1.0.2"]),
            object("ApisixUpstream", "s", { retries: 0, timeout: { read: "600s" } }),
        );
        const nodes = ["10.1.0.1", "10.1.0.2"].map((host) => ({ host, port: 8080, weight: 3 }));
        assert.deepEqual(found.service.upstream.nodes, nodes);
        assert.deepEqual(found.service.upstream.timeout, { connect: 60, send: 60, read: 600 });
        assert.equal(found.service.upstream.retries, 0);
        assert.equal(found.upstreams.length, 1, "the ApisixUpstream is second");
    });

    it("answers no request when the first Service has no ready pod, whatever comes after it", () => {
        const rule = { backends: [{ serviceName: "s", servicePort: 80 }] };
        const found = route(rule, service("s"), slice("s", ["10.1.0.1"], false));
        assert.deepEqual([found.said, found.service.upstream.nodes, found.upstreams], [accepted, [], []]);
    });

    it("uses the cluster IP with resolveGranularity service", () => {
        const rule = { backends: [{ serviceName: "s", servicePort: 80, resolveGranularity: "service" }] };
        assert.deepEqual(route(rule, service("s")).service.upstream.nodes[0], {
            host: "10.96.0.7",
            port: 80,
            weight: 100,
        });
    });

    for (const [why, servicePort] of [
        ["a port it does not have", 81],
        ["a port given by name", "a"],
    ] as const) {
        it(`skips a Service for ${why}`, () => {
            const rule = { backends: [{ serviceName: "s", servicePort }], upstreams: [] };
            const found = route(rule, service("s"), slice("s", ["10.1.0.1"]));
            assert.deepEqual([found.said, found.service.upstream.nodes], [accepted, []]);
            assert.match(found.log, /backend s is skipped/);
        });
    }
});

describe("ApisixUpstream", () => {
    const upstream = (spec: object) => {
        const { service: held, said } = route({}, object("ApisixUpstream", "u", spec));
        assert.equal(said, accepted);
        return held.upstream;
    };
    const own = (spec: object) => {
        const externalNodes = [{ type: "Domain", name: "a.example" }];
        const rule = { upstreams: [{ name: "u" }] };
        return route(rule, object("ApisixUpstream", "u", { externalNodes, ...spec }));
    };

    it("has no effect on a route that does not name it", () => {
        assert.equal(upstream({ retries: 7 }).retries, undefined);
    });

    it("applies scheme, host, retries and hashing, and uses the scheme's default port", () => {
        const spec = {
            scheme: "https",
            passHost: "rewrite",
            upstreamHost: "h.example",
            retries: 0,
            loadbalancer: { type: "chash", hashOn: "header", key: "x" },
        };
        const { labels: _labels, ...made } = own(spec).service.upstream;
        assert.deepEqual(made, {
            type: "chash",
            scheme: "https",
            hash_on: "header",
            key: "x",
            pass_host: "rewrite",
            upstream_host: "h.example",
            retries: 0,
            nodes: [{ host: "a.example", port: 443, weight: 100 }],
        });
    });

    it("drops the type of a health check, and reads its timeout as nanoseconds", () => {
        const healthy = { interval: "5s", successes: 2 };
        const active = { type: "tcp", timeout: 2_000_000_000, healthy, unhealthy: { interval: "5s", timeout: 3 } };
        const { checks } = own({ healthCheck: { active } }).service.upstream;
        assert.equal(checks.active.type, undefined);
        assert.equal(checks.active.timeout, 2);
        assert.deepEqual(checks.active.healthy, { successes: 2, interval: 5 });
        assert.deepEqual(checks.active.unhealthy, { timeouts: 3, interval: 5 });
    });

    it("drops a health check timeout of 5, which is nanoseconds", () => {
        const { checks } = own({ healthCheck: { active: { timeout: 5 } } }).service.upstream;
        assert.equal(checks.active.timeout, undefined);
    });

    it("is skipped for a health check without an interval", () => {
        const found = own({ healthCheck: { active: { healthy: { successes: 2 } } } });
        assert.deepEqual(found.service.upstream.nodes, []);
    });

    for (const field of ["discovery", "portLevelSettings", "tlsSecret", "subsets"]) {
        it(`causes the rejection of its route for ${field}, which is unsupported`, () => {
            assert.match(own({ [field]: {} }).said, new RegExp(`^False InvalidSpec: .*spec\\.${field}: unsupported`));
        });
    }
});
