// Proves that the objects of this project are translated as controller 2.0.1 does, faults included, and that other fields are
// rejected by name.
import assert from "node:assert/strict";
import { bodies, CONTROLLER, object, outcome, route, said, secret, translated } from "./kit";

describe("ApisixRoute", () => {
    const byHeader = { subject: { scope: "Header", name: "X-Team" }, op: "Equal", value: "a" };
    const refused: [rule: object, upstream: object, said: RegExp][] = [
        [{ match: undefined }, {}, /\.spec\.http\[0\]\.match: required/],
        [{ timeout: { read: "600" } }, {}, /timeout\.connect: a duration/],
        [{ backends: [] }, {}, /\.backends: unsupported/],
        [{ authentication: {} }, {}, /\.authentication: unsupported/],
        [{ upstreams: [{ name: "a" }, { name: "b" }] }, {}, /\.upstreams: more than one upstream/],
        [{ match: { paths: ["/"], hosts: ["a.example"] } }, {}, /\.match\.hosts: unsupported/],
        [{ match: { paths: ["/"], exprs: [byHeader] } }, {}, /match\.exprs: Header Equal: unsupported/],
        [{ plugins: [{ name: "p", enable: true, secretRef: "x" }] }, {}, /plugins\.secretRef: unsupported/],
        [{}, { subsets: [] }, /spec\.subsets: unsupported/],
        [{}, { healthCheck: { active: { type: "http" }, passive: {} } }, /healthCheck\.passive: unsupported/],
        [{}, { externalNodes: [{ name: "s", type: "Service" }] }, /type "Service" of external node s/],
    ];
    for (const [rule, upstream, pattern] of refused)
        it(`is rejected for ${JSON.stringify([rule, upstream])}`, () => {
            const found = route(rule, upstream);
            assert.match(found.said, /^False InvalidSpec: /);
            assert.match(found.said, pattern);
            assert.equal(found.objects, undefined, "nothing is sent, and what was sent before stays");
        });
});

describe("Consumer", () => {
    const credentials = [{ name: "a", type: "key-auth", secretRef: { name: "a" } }];
    const consumer = (gatewayRef: object) => object("Consumer", "alice", { gatewayRef, credentials });
    const mine = consumer({ name: "apisix", namespace: "apisix" });

    it("becomes a consumer with its credentials, without those whose Secret is missing", () => {
        for (const [there, count] of [
            [[secret("a", { key: "k" })], 1],
            [[], 0],
        ] as const) {
            const { conditions, objects } = outcome(translated(mine, ...there).outcomes, "Consumer", "alice");
            assert.equal(said(conditions[0]), "True ResourceSynced: Successfully");
            assert.equal(bodies(objects, "consumers")[0].username, "llm_alice");
            assert.deepEqual(
                bodies(objects, "credentials").map(({ name, plugins }) => [name, plugins]),
                [["a", { "key-auth": { key: "k" } }]].slice(0, count),
            );
        }
    });

    it("gets no status for a Gateway that is missing or of another controller", () => {
        const foreign = object("GatewayClass", "foreign", { controllerName: "example.com/other" });
        const gateway = object("Gateway", "foreign", { gatewayClassName: "foreign", listeners: [] });
        for (const name of ["missing", "foreign"]) {
            const { outcomes } = translated(foreign, gateway, consumer({ name }));
            assert.equal(outcomes.filter(({ kind }) => kind === "Consumer").length, 0);
        }
    });
});

describe("Ingress classes", () => {
    const parameters = { apiGroup: "apisix.apache.org", kind: "GatewayProxy", name: "x", namespace: "apisix" };
    const cases: [what: string, spec: object | undefined, said: string | undefined][] = [
        ["that are unknown leave a resource without a status", undefined, undefined],
        ["of another controller leave a resource without a status", { controller: "example.com/x" }, undefined],
        ["without parameters accept it and send nothing", { controller: CONTROLLER }, "True Accepted"],
        [
            "without a GatewayProxy reject it",
            { controller: CONTROLLER, parameters },
            "False SyncFailed: failed to get GatewayProxy: apisix/x not found",
        ],
    ];
    for (const [what, spec, expected] of cases)
        it(what, () => {
            const classes = spec ? [object("IngressClass", "c", spec)] : [];
            const { outcomes } = translated(object("ApisixRoute", "r", { ingressClassName: "c" }), ...classes);
            const found = outcomes.find(({ kind }) => kind === "ApisixRoute");
            assert.equal(found && said(found.conditions[0]), expected);
            assert.equal(found?.objects, undefined);
        });
});

describe("ApisixTls", () => {
    const tls = object("ApisixTls", "t", {
        ingressClassName: "apisix",
        hosts: ["a.b"],
        secret: { name: "t", namespace: "llm" },
    });
    it("becomes a certificate, and is rejected without its Secret", () => {
        const { outcomes } = translated(tls, secret("t", { "tls.crt": "C", "tls.key": "K" }));
        const [{ cert, key, snis }] = bodies(outcome(outcomes, "ApisixTls", "t").objects, "ssls");
        assert.deepEqual([cert, key, snis], ["C", "K", ["a.b"]]);
        assert.match(said(outcome(translated(tls).outcomes, "ApisixTls", "t").conditions[0]), /^False .*not found/);
    });
});
