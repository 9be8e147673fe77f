// Proves that consumers, classes, gateways and global rules are accepted or ignored as controller 2.0.1 does, bugs
// included.

import assert from "node:assert/strict";

import { proxyObjects, translate } from "../../ingress-controller/translate";
import { bodies, CONTROLLER, object, outcome, said, secret, translated, WIRING, worldOf } from "./kit";

const gatewayRef = { name: "apisix", namespace: "apisix" };
const consumer = (spec: object, name = "alice") => object("Consumer", name, { gatewayRef, ...spec });
describe("Consumer (v1alpha1)", () => {
    it("becomes a consumer called namespace_name and one credential per entry, its id sha1(consumer.credential)", () => {
        const credentials = [
            { name: "2026a", type: "key-auth", secretRef: { name: "a" } },
            { name: "lab", type: "jwt-auth", config: { key: "k", algorithm: "RS256" } },
        ];
        const plugins = [{ name: "limit-count", config: { count: 60 } }];
        const { outcomes } = translated(consumer({ credentials, plugins }), secret("a", { key: "s3cret" }));
        const { objects, conditions } = outcome(outcomes, "Consumer", "alice");
        assert.equal(said(conditions[0]), "True ResourceSynced: Successfully");
        assert.equal(conditions[0].type, "Available");
        const [held] = bodies(objects, "consumers");
        assert.deepEqual([held.username, held.plugins], ["llm_alice", { "limit-count": { count: 60 } }]);
        // printf 'llm_alice.2026a' | sha1sum
        const id = "8ea024ddb465926f3f33660296ff62d91c53ff13";
        assert.deepEqual(
            objects
                ?.filter(({ collection }) => collection === "credentials")
                .map(({ path, body }) => [path, body.plugins]),
            [
                [`consumers/llm_alice/credentials/${id}`, { "key-auth": { key: "s3cret" } }],
                [objects?.[2].path, { "jwt-auth": { key: "k", algorithm: "RS256" } }],
            ],
        );
    });

    it("keeps every value of a Secret as a string, so APISIX rejects numbers in it", () => {
        const credentials = [{ name: "a", type: "jwt-auth", secretRef: { name: "a" } }];
        const { outcomes } = translated(consumer({ credentials }), secret("a", { key: "k", exp: "60" }));
        const [held] = bodies(outcome(outcomes, "Consumer", "alice").objects, "credentials");
        assert.deepEqual(held.plugins["jwt-auth"], { key: "k", exp: "60" });
    });

    it("skips a credential whose Secret is missing, and stays Available", () => {
        const credentials = [{ name: "a", type: "key-auth", secretRef: { name: "x" } }];
        const { outcomes, log } = translated(consumer({ credentials }));
        const { objects, conditions } = outcome(outcomes, "Consumer", "alice");
        assert.deepEqual([said(conditions[0]), objects?.length], ["True ResourceSynced: Successfully", 1]);
        assert.match(log.join("\n"), /credential a is skipped/);
    });

    it("blocks everything for its APISIX with a credential without a name", () => {
        const { outcomes, blocked } = translated(
            consumer({ credentials: [{ type: "key-auth", config: { key: "k" } }] }),
            consumer({}, "bob"),
        );
        assert.match(blocked.get("apisix/proxy") as string, /Consumer llm\/alice: .* has no name/);
        assert.equal(outcome(outcomes, "Consumer", "alice").conditions[0].status, "True");
    });

    it("reads a Secret of another namespace: 2.0.1 requires no ReferenceGrant for it", () => {
        const credentials = [{ name: "a", type: "key-auth", secretRef: { name: "a", namespace: "other" } }];
        const { outcomes } = translated(consumer({ credentials }), secret("a", { key: "k" }, "other"));
        assert.equal(bodies(outcome(outcomes, "Consumer", "alice").objects, "credentials").length, 1);
    });

    it("gets no status for a Gateway that is missing or of another controller", () => {
        const foreign = object("GatewayClass", "foreign", { controllerName: "example.com/other" });
        const gateway = object("Gateway", "foreign", { gatewayClassName: "foreign", listeners: [] });
        for (const name of ["missing", "foreign"]) {
            const { outcomes, log } = translated(foreign, gateway, object("Consumer", "a", { gatewayRef: { name } }));
            assert.equal(outcomes.filter(({ kind }) => kind === "Consumer").length, 0);
            assert.match(log.join("\n"), /Consumer llm\/a: ignored/);
        }
    });
});

describe("Ingress classes", () => {
    const rule = { plugins: [] };
    const of = (ingressClassName: string | undefined, ...others: ReturnType<typeof object>[]) =>
        translated(object("ApisixGlobalRule", "g", { ingressClassName, ...rule }), ...others).outcomes.find(
            ({ kind }) => kind === "ApisixGlobalRule",
        );
    const bare = (more: object) => object("IngressClass", "bare", { controller: CONTROLLER, ...more });

    it("that are unknown, or that another controller owns, leave a resource without any status", () => {
        assert.equal(of("nope"), undefined);
        assert.equal(of("other", object("IngressClass", "other", { controller: "example.com/x" })), undefined);
        assert.equal(of(undefined), undefined);
    });

    it("without parameters accept the resource and send nothing", () => {
        const found = of("bare", bare({}));
        assert.equal(said((found as never as { conditions: [never] }).conditions[0]), "True Accepted");
        assert.equal(found?.target, undefined);
        assert.equal(found?.objects, undefined);
    });

    it("marked as default apply to resources that name none", () => {
        const annotations = { "ingressclass.kubernetes.io/is-default-class": "true" };
        const marked = object(
            "IngressClass",
            "d",
            { controller: CONTROLLER },
            { metadata: { name: "d", annotations } },
        );
        assert.equal(of(undefined, marked)?.conditions[0].status, "True");
    });

    it("without a GatewayProxy reject the resource", () => {
        const parameters = { apiGroup: "apisix.apache.org", kind: "GatewayProxy", name: "x", namespace: "apisix" };
        const found = of("bare", bare({ parameters }));
        assert.match(found?.conditions[0].message as string, /failed to get GatewayProxy: apisix\/x not found/);
    });
});

describe("GatewayProxy", () => {
    const withProxy = (change: (spec: any) => void, ...more: ReturnType<typeof object>[]) => {
        const wiring = structuredClone(WIRING);
        change(wiring[1][1].spec);
        return translate(worldOf(...wiring, ...more), CONTROLLER);
    };

    it("turns its plugins on only when they say enabled: true", () => {
        const plugins = [
            { name: "request-id", enabled: true, config: { a: 1 } },
            { name: "prometheus" },
            { name: "cors", enabled: false },
        ];
        const { targets } = withProxy((spec) => Object.assign(spec, { plugins }));
        const held = proxyObjects(targets[0]);
        assert.deepEqual(
            held.map(({ path, body }) => [path, body.plugins]),
            [["global_rules/request-id", { "request-id": { a: 1 } }]],
        );
    });

    it("is one APISIX, also if several classes and Gateways refer to it", () => {
        const { targets } = translated();
        assert.deepEqual(
            targets.map(({ key, admin, adminKey }) => ({ key, admin, adminKey })),
            [
                {
                    key: "apisix/proxy",
                    admin: { service: { namespace: "apisix", name: "apisix-admin", port: 9180 } },
                    adminKey: "k",
                },
            ],
        );
    });

    it("that is in none of the Gateway's namespaces is not found", () => {
        const wiring = structuredClone(WIRING);
        wiring[4][1].metadata.namespace = "llm";
        const { outcomes } = translate(worldOf(...wiring), CONTROLLER);
        assert.match(
            said(outcome(outcomes, "Gateway", "apisix").conditions[0]),
            /^False .*GatewayProxy: llm\/proxy not found/,
        );
    });

    it("without its Secret has no APISIX to send to, and reports that on all its resources", () => {
        const rule = object("ApisixGlobalRule", "g", { ingressClassName: "apisix", plugins: [] });
        const { targets, outcomes } = translate(worldOf(...WIRING.slice(1), rule), CONTROLLER);
        assert.deepEqual(targets, []);
        assert.match(
            said(outcome(outcomes, "ApisixGlobalRule", "g").conditions[0]),
            /Secret apisix\/admin has no key key/,
        );
    });

    it("in mode apisix-standalone is rejected as unsupported", () => {
        const { targets, log } = withProxy((spec) => (spec.provider.controlPlane.mode = "apisix-standalone"));
        assert.deepEqual(targets, []);
        assert.match(log.join("\n"), /mode apisix-standalone: unsupported/);
    });
});

describe("Objects of other kinds", () => {
    it("creates one global rule for each enabled plugin of an ApisixGlobalRule", () => {
        const plugins = [
            { name: "prometheus", enable: true, config: { prefer_name: true } },
            { name: "cors", enable: false, config: {} },
        ];
        const { outcomes } = translated(object("ApisixGlobalRule", "g", { ingressClassName: "apisix", plugins }));
        assert.deepEqual(bodies(outcome(outcomes, "ApisixGlobalRule", "g").objects, "global_rules"), [
            { id: "prometheus", plugins: { prometheus: { prefer_name: true } } },
        ]);
    });

    it("accepts its GatewayClass and programs its Gateway", () => {
        const { outcomes } = translated();
        assert.equal(outcome(outcomes, "GatewayClass", "apisix").conditions[0].status, "True");
        const types = outcome(outcomes, "Gateway", "apisix").conditions.map(({ type, status }) => [type, status]);
        assert.deepEqual(types, [
            ["Accepted", "True"],
            ["Programmed", "True"],
        ]);
    });

    describe("ApisixTls", () => {
        const tls = (more: object = {}) =>
            object("ApisixTls", "t", {
                ...{ ingressClassName: "apisix", hosts: ["a.b"], secret: { name: "pair", namespace: "llm" } },
                ...more,
            });
        const of = (...resources: ReturnType<typeof object>[]) =>
            outcome(translated(...resources).outcomes, "ApisixTls", "t");

        it("becomes a certificate for its hosts, from either key naming of the Secret", () => {
            const either: Record<string, string>[] = [
                { "tls.crt": "CERT", "tls.key": "KEY" },
                { cert: "CERT", key: "KEY", "tls.crt": "other" },
            ];
            for (const data of either) {
                const { objects, conditions } = of(tls(), secret("pair", data));
                assert.equal(said(conditions[0]), "True Accepted");
                const [{ cert, key, snis, id }] = bodies(objects, "ssls");
                assert.deepEqual({ cert, key, snis }, { cert: "CERT", key: "KEY", snis: ["a.b"] });
                assert.equal(objects![0].path, `ssls/${id}`);
            }
        });
        it("is rejected without its Secret, or without a key of it", () => {
            const refusals = [
                of(tls()),
                of(tls(), secret("pair", { "tls.crt": "CERT" })),
                of(tls(), secret("pair", { "ca.crt": "CERT" })),
                of(tls({ client: { caSecret: { name: "x", namespace: "y" } } }), secret("pair", {})),
            ].map(({ conditions }) => said(conditions[0]));
            assert.deepEqual(
                refusals.map((text) => text.replace(/^False InvalidSpec: /, "")),
                [
                    "secret llm/pair not found",
                    "missing key field",
                    "unknown secret format",
                    "ApisixTls with client certificates: unsupported by the sandbox",
                ],
            );
        });
    });

    const policies = ["BackendTrafficPolicy", "HTTPRoutePolicy"] as const;
    for (const kind of [
        "HTTPRoute",
        ...policies,
        "PluginConfig",
        "ApisixPluginConfig",
        "ApisixConsumer",
        "Ingress",
    ] as const) {
        it(`reports that a ${kind} is unsupported`, () => {
            const { log } = translated(object(kind, "x", { ingressClassName: "apisix" }));
            assert.match(log.join("\n"), new RegExp(`^error: ${kind} llm/x: .*unsupported`, "m"));
        });
    }
});
