// Proves that an ApisixRoute and its ApisixUpstreams are translated as controller 2.0.1 does, bugs included, and that
// fields which this project does not write are rejected.
import assert from "node:assert/strict";
import { object, outcome, route, said, translated } from "./kit";

type Found = ReturnType<typeof route>;
const active = { interval: "5s", successes: 2 };
const checks = ({ upstream }: Found) => upstream.checks.active;

describe("ApisixRoute", () => {
    it("becomes one service with the hosts, and one route with everything else", () => {
        const found = route({
            match: { paths: ["/completions"], hosts: ["llm.example.com"], methods: ["POST"] },
            priority: 5,
            plugins: [{ name: "key-auth", enable: true, config: { header: "apikey" } }],
        });
        assert.equal(found.said, "True Accepted");
        const { service, route: made } = found;
        assert.deepEqual(service.hosts, ["llm.example.com"]);
        assert.deepEqual(service.upstream.nodes, [{ host: "10.0.0.11", port: 20001, weight: 100 }]);
        assert.deepEqual([made.service_id, made.name], [service.id, "llm_alpa_r"]);
        assert.deepEqual([made.uris, made.methods, made.priority], [["/completions"], ["POST"], 5]);
        assert.deepEqual([made.plugins, made.enable_websocket], [{ "key-auth": { header: "apikey" } }, false]);
        assert.equal(service.labels["k8s/kind"], "ApisixRoute");
    });

    const timeout = (read: number) => ({ connect: 60, send: 60, read });
    const argsAre = { subject: { scope: "Variable", name: "args" }, op: "RegexNotMatch", value: "." };
    const [off, list] = [
        [{ name: "cors", enable: false, config: {} }],
        [{ name: "cors", enable: true, config: ["a"] }],
    ];
    const whole = { scheme: "http", passHost: "pass", retries: 0, loadbalancer: { type: "chash", hashOn: "consumer" } };
    const made: [what: string, rule: object, upstream: object, get: (found: Found) => unknown, expected: unknown][] = [
        ["drops a plugin that is not enabled", { plugins: off }, {}, ({ route }) => route.plugins, {}],
        ["empties a plugin's list", { plugins: list }, {}, ({ route }) => route.plugins, { cors: {} }],
        ["reads a timeout of 600s", { timeout: { read: "600s" } }, {}, ({ route }) => route.timeout, timeout(600)],
        ["reads 1m30s", { timeout: { read: "1m30s" } }, {}, ({ route }) => route.timeout, timeout(90)],
        ["cuts 1500ms to 1 s", { timeout: { read: "1500ms" } }, {}, ({ route }) => route.timeout, timeout(1)],
        ["reads 999ms as 60 s", { timeout: { read: "999ms" } }, {}, ({ route }) => route.timeout, timeout(60)],
        [
            "reads expressions of variables",
            { match: { paths: ["/"], exprs: [argsAre] } },
            {},
            ({ route }) => route.vars,
            [["args", "!", "~~", "."]],
        ],
        [
            "applies pass_host, retries and hashing of its upstream",
            {},
            whole,
            ({ upstream: { labels: _, nodes: _1, ...rest } }) => rest,
            { type: "chash", scheme: "http", hash_on: "consumer", key: undefined, pass_host: "pass", retries: 0 },
        ],
        [
            "uses port 80 and weight 100 by default",
            {},
            { externalNodes: [{ type: "Domain", name: "a.example" }] },
            ({ upstream }) => upstream.nodes,
            [{ host: "a.example", port: 80, weight: 100 }],
        ],
        [
            "drops the type of a health check, and reads its timeout as nanoseconds",
            {},
            {
                healthCheck: {
                    active: { type: "tcp", timeout: 2e9, healthy: active, unhealthy: { interval: "5s", timeout: 3 } },
                },
            },
            checks,
            {
                ...{ timeout: 2, https_verify_cert: true, healthy: { successes: 2, interval: 5 } },
                unhealthy: { timeouts: 3, interval: 5 },
            },
        ],
        [
            "drops a health check's timeout of 5, which is nanoseconds",
            {},
            { healthCheck: { active: { timeout: 5, healthy: active } } },
            (found) => checks(found).timeout,
            undefined,
        ],
    ];
    for (const [what, rule, upstream, get, expected] of made)
        it(what, () => {
            const found = route(rule, upstream);
            assert.deepEqual([found.said, get(found)], ["True Accepted", expected]);
        });

    const skipped: [why: string, rule: object, upstream: object][] = [
        ["is missing", { upstreams: [{ name: "x" }] }, {}],
        ["has a name in capitals", {}, { externalNodes: [{ name: "A.example", type: "Domain" }] }],
        ["has an IPv6 address", {}, { externalNodes: [{ name: "::1", type: "Domain" }] }],
        ["has a health check without an interval", {}, { healthCheck: { active: { healthy: { successes: 2 } } } }],
    ];
    for (const [why, rule, upstream] of skipped)
        it(`has an empty upstream and status True if its upstream ${why}`, () => {
            const found = route(rule, upstream);
            assert.deepEqual([found.said, found.upstream.nodes], ["True Accepted", []]);
            assert.match(found.log, /upstream (x|metal) is skipped/);
        });

    const byHeader = { subject: { scope: "Header", name: "X-Team" }, op: "Equal", value: "a" };
    const withSecret = [{ name: "p", enable: true, secretRef: "x" }];
    const refused: [why: string, rule: object, upstream: object, said: RegExp][] = [
        ["no match", { match: undefined }, {}, /\.spec\.http\[0\]\.match: required/],
        ["a timeout without a unit", { timeout: { read: "600" } }, {}, /timeout\.read: must be a Go duration/],
        ["Services, which are unsupported", { backends: [] }, {}, /\.backends: unsupported/],
        ["authentication of its own", { authentication: {} }, {}, /\.authentication: unsupported/],
        ["a plugin config", { plugin_config_name: "x" }, {}, /\.plugin_config_name: unsupported/],
        [
            "several upstreams",
            { upstreams: [{ name: "a" }, { name: "b" }] },
            {},
            /\.upstreams: more than one upstream.*unsupported/,
        ],
        ["addresses", { match: { paths: ["/"], remoteAddrs: [] } }, {}, /\.match\.remoteAddrs: unsupported/],
        ["a header", { match: { paths: ["/"], exprs: [byHeader] } }, {}, /match\.exprs: Header Equal: unsupported/],
        ["a plugin's Secret", { plugins: withSecret }, {}, /secretRef of plugin p: unsupported/],
        ["an upstream's subsets", {}, { subsets: [] }, /spec\.subsets: unsupported/],
        ["passive checks", {}, { healthCheck: { active: {}, passive: {} } }, /healthCheck\.passive: unsupported/],
        [
            "a Service as a node",
            {},
            { externalNodes: [{ name: "s", type: "Service" }] },
            /type "Service" of external node s/,
        ],
    ];
    for (const [why, rule, upstream, pattern] of refused)
        it(`is rejected for ${why}`, () => {
            const found = route(rule, upstream);
            assert.match(found.said, /^False InvalidSpec: /);
            assert.match(found.said, pattern);
            assert.equal(found.objects, undefined, "nothing is sent, and what was sent before stays");
        });

    it("is rejected as a whole for stream rules, which are unsupported", () => {
        const stream = [{ name: "s", protocol: "TCP", match: { ingressPort: 1 }, backend: {} }];
        const { outcomes } = translated(object("ApisixRoute", "alpa", { ingressClassName: "apisix", stream }));
        assert.match(said(outcome(outcomes, "ApisixRoute", "alpa").conditions[0]), /^False InvalidSpec: .*unsupported/);
    });
});
