// Proves that a review reports each change that opens a port or a peer to the network, or closes it for callers. A narrower
// rule does not count as opening.
import { strict as assert } from "node:assert";
import { UNKNOWN_TEXT } from "../../../../../../policy/resources/values";
import type { Finding } from "../../../../../../ops/stack/review/finding";
import type { Step } from "../../../../../../ops/stack/review/preview";
import { leftBehind, review, said, step } from "../steps";

const named = { podSelector: { matchLabels: { app: "x" } } };
const labelled = (operator: string) => ({
    podSelector: { matchExpressions: [{ key: "app", operator, values: ["x", "y"] }] },
});
const policy = (spec: object, namespace = "alpa-auth") => ({
    metadata: { name: "p", namespace },
    spec: { podSelector: {}, policyTypes: ["Ingress"], ...spec },
});
const ports = (...numbers: (number | string)[]) => numbers.map((port) => ({ port, protocol: "TCP" }));
const codes = (steps: Parameters<typeof review>[0]) => review(steps).map(({ severity, code }) => `${severity} ${code}`);

describe("review of network policies and Services", () => {
    const made: [what: string, spec: object, expected: string[]][] = [
        [
            "one that admits a network",
            { ingress: [{ from: [{ ipBlock: { cidr: "10.0.0.0/8" } }], ports: ports(9180) }] },
            ["breaks-callers opens-to-network", "harmless network-narrowed"],
        ],
        [
            "one that admits all sources",
            { ingress: [{ ports: ports(9080) }] },
            ["breaks-callers opens-to-network", "harmless network-narrowed"],
        ],
        [
            "one that admits every pod",
            { ingress: [{ from: [{ podSelector: {} }] }] },
            ["breaks-callers opens-to-network", "harmless network-narrowed"],
        ],
        [
            "one for named pods",
            { ingress: [{ from: [named], ports: ports(9080) }] },
            ["risk opens-to-network", "harmless network-narrowed"],
        ],
        [
            "one for pods with one of several labels",
            { ingress: [{ from: [labelled("In")], ports: ports(9180) }] },
            ["risk opens-to-network", "harmless network-narrowed"],
        ],
        [
            "one for all pods except some",
            { ingress: [{ from: [labelled("NotIn")], ports: ports(9180) }] },
            ["breaks-callers opens-to-network", "harmless network-narrowed"],
        ],
        ["one that admits nothing", {}, ["risk network-narrowed"]],
        [
            "an invalid one",
            { ingress: [{ from: "all", ports: "all" }] },
            ["breaks-callers opens-to-network", "harmless network-narrowed"],
        ],
        ["one that is not known yet", { ingress: UNKNOWN_TEXT, egress: [{}] }, ["risk unknown-until-apply"]],
    ];
    for (const [what, spec, expected] of made)
        it(`reports for a new policy in a stack without a known state, ${what}: ${expected.join(", ")}`, () =>
            assert.deepEqual(codes([step("NetworkPolicy", "p", undefined, policy(spec))]), expected));

    describe("with the state of the stack", () => {
        const apisix = { podSelector: { matchLabels: { app: "apisix" } } };
        const closed = step("NetworkPolicy", "closed", undefined, policy({}));
        const data = step("NetworkPolicy", "data", undefined, policy({ ...apisix, ingress: [{ ports: ports(9080) }] }));
        const scrapers = { ingress: [{ from: [named], ports: ports(9091) }] };
        const admin = { ingress: [{ from: [named], ports: ports(9180) }] };
        const egress = { policyTypes: ["Egress"], egress: [{ to: [named] }] };
        const changed = (old: object | undefined, now: object | undefined, state: Step[], namespace?: string) =>
            review(
                [step("NetworkPolicy", "p", old && policy(old, namespace), now && policy(now, namespace))],
                {},
                { resources: state.map(({ newState }) => newState!) },
            );
        const cases: [what: string, spec: object, state: Step[], created: string[], deleted: string[]][] = [
            [
                "that selects closed pods, for the metrics",
                { ...apisix, ...scrapers },
                [closed],
                ["risk opens-to-network"],
                ["harmless network-narrowed"],
            ],
            [
                "that selects closed pods, for another port",
                { ...apisix, ...admin },
                [closed],
                ["breaks-callers opens-to-network"],
                ["risk network-narrowed"],
            ],
            [
                "that admits whom another one admits",
                { ...apisix, ingress: [{ ports: ports(9080) }] },
                [closed, data],
                [],
                [],
            ],
            ["that closes closed pods", apisix, [closed], [], []],
            [
                "that selects some open pods and some closed pods",
                scrapers,
                [data],
                ["risk opens-to-network", "harmless network-narrowed"],
                ["breaks-callers opens-to-network"],
            ],
            [
                "that selects pods without a policy",
                { podSelector: { matchLabels: { app: "other" } }, ingress: [{ ports: ports(9180) }] },
                [data],
                ["harmless network-narrowed"],
                ["breaks-callers opens-to-network"],
            ],
            [
                "for the other direction",
                { ...apisix, ...egress },
                [closed],
                ["harmless network-narrowed"],
                ["breaks-callers opens-to-network"],
            ],
        ];
        for (const [what, spec, state, created, deleted] of cases) {
            const of = (findings: Finding[]) => findings.map(({ severity, code }) => `${severity} ${code}`);
            it(`reports for a new policy ${what}: ${created.join(", ") || "nothing"}`, () =>
                assert.deepEqual(of(changed(undefined, spec, state)), created));
            it(`reports for a deleted policy ${what}: ${deleted.join(", ") || "nothing"}`, () =>
                assert.deepEqual(of(changed(spec, undefined, state)), deleted));
        }

        it("names the port and the peers, and not those of another namespace", () => {
            const [finding] = changed(undefined, { ...apisix, ...scrapers }, [closed]);
            assert.match(finding.says, /p is created: \[.*"app":"x".*\] \(port 9091\) may reach its pods/);
            assert.deepEqual(
                changed(undefined, { ...apisix, ...scrapers }, [closed], "other").map(({ code }) => code),
                ["network-narrowed"],
            );
        });
    });

    it("reports the address of a gateway that is new as a whole", () => {
        const namespace = step("Namespace", "n", undefined, { metadata: { name: "alpa-auth" } });
        const open = step("NetworkPolicy", "p", undefined, policy({ ingress: [{ ports: ports(9080) }] }));
        assert.ok(codes([namespace, open]).every((code) => code.startsWith("harmless")));
        const admin = step("NetworkPolicy", "p", undefined, policy({ ingress: [{ ports: ports(9080, 9180) }] }));
        assert.ok(codes([namespace, admin]).includes("breaks-callers opens-to-network"));
    });

    const narrower: [what: string, old: object[], now: object[], expected: string[]][] = [
        [
            "named pods instead of all sources",
            [{ ports: ports(9080) }],
            [{ from: [named], ports: ports(9080) }],
            ["risk network-narrowed"],
        ],
        [
            "fewer ports",
            [{ from: [named], ports: ports(9080, 9443) }],
            [{ from: [named], ports: ports(9080) }],
            ["risk network-narrowed"],
        ],
        [
            "all sources instead of named pods",
            [{ from: [named], ports: ports(9080) }],
            [{ ports: ports(9080) }],
            ["breaks-callers opens-to-network"],
        ],
        [
            "another port",
            [{ ports: ports(9080) }],
            [{ ports: ports(9180) }],
            ["breaks-callers opens-to-network", "risk network-narrowed"],
        ],
        [
            "the other port of callers, for the peers of the first",
            [{ ports: ports(9080) }],
            [{ ports: ports(9080, 9443) }],
            ["risk opens-to-network"],
        ],
        [
            "the other port of callers, for all sources",
            [{ from: [named], ports: ports(9080) }],
            [{ from: [named], ports: ports(9080) }, { ports: ports(9443) }],
            ["breaks-callers opens-to-network"],
        ],
        [
            "every port",
            [{ from: [named], ports: ports(9080) }],
            [{ from: [named] }],
            ["breaks-callers opens-to-network"],
        ],
    ];
    for (const [what, old, now, expected] of narrower)
        it(`reports for ${what}: ${expected.join(", ")}`, () =>
            assert.deepEqual(
                codes([step("NetworkPolicy", "p", policy({ ingress: old }), policy({ ingress: now }))]),
                expected,
            ));

    it("names only the peers that a narrower rule no longer admits", () => {
        const [old, now] = [[{ ports: ports(9080, 9443) }], [{ ports: ports(9080) }]];
        const [says] = said([step("NetworkPolicy", "p", policy({ ingress: old }), policy({ ingress: now }))]);
        assert.match(says, /all peers \(port 9443\) may no longer reach it/);
    });

    it("does not report the metrics of connectors as an opening, where their pods are created with the policy", () => {
        const labels = { app: "connector" };
        const pods = { metadata: { name: "p", namespace: "alpa-auth" }, spec: { template: { metadata: { labels } } } };
        const open = (port: number, app = "connector") =>
            step("NetworkPolicy", "p", undefined, {
                ...policy({ ingress: [{ ports: ports(port) }] }),
                spec: { podSelector: { matchLabels: { app } }, ingress: [{ ports: ports(port) }] },
            });
        const made = step("Deployment", "d", undefined, pods);
        const opens = (...steps: Parameters<typeof review>[0]) =>
            codes(steps).includes("breaks-callers opens-to-network");
        assert.ok(!opens(open(2000), made));
        assert.ok(opens(open(2000)), "existing pods");
        assert.ok(opens(open(2000, "other"), made), "other pods");
        assert.ok(opens(open(6379), made), "a closed port");
    });

    it("reports nothing when a policy lists the same pods in another order", () => {
        const types = (...policyTypes: string[]) => policy({ policyTypes });
        assert.deepEqual(
            codes([step("NetworkPolicy", "p", types("Ingress", "Egress"), types("Egress", "Ingress"))]),
            [],
        );
        assert.deepEqual(codes([step("NetworkPolicy", "p", types("Ingress"), types("Egress", "Ingress"))]), [
            "risk network-narrowed",
        ]);
    });

    it("reports a deleted policy unless its pods are deleted too", () => {
        const goes = step("NetworkPolicy", "p", policy({}), undefined);
        const release = (namespace: string) => step("Release", "r", { chart: "x", namespace }, undefined);
        assert.ok(codes([goes, release("rampart")]).includes("breaks-callers opens-to-network"));
        assert.ok(!codes([goes, release("alpa-auth")]).includes("breaks-callers opens-to-network"));
        const stays = leftBehind("Namespace", "n", { metadata: { name: "alpa-auth" } });
        assert.ok(codes([goes, stays]).includes("breaks-callers opens-to-network"));
    });

    describe("and of deleted objects that select pods", () => {
        const metadata = { name: "d", namespace: "alpa-auth" };
        const selector = { matchLabels: { app: "d" } };
        const containers = [{ env: [{ valueFrom: { secretKeyRef: { name: "d-token", key: "t" } } }] }];
        const template = { metadata: { labels: { app: "d", more: "x" } }, spec: { containers } };
        const pods = step("Deployment", "d", { metadata, spec: { template } }, undefined);
        const around = [
            step("NetworkPolicy", "p", { metadata, spec: { podSelector: selector } }, undefined),
            step("PodDisruptionBudget", "b", { metadata, spec: { selector } }, undefined),
            step("Secret", "s", { metadata: { ...metadata, name: "d-token" } }, undefined),
        ];
        it("are not reported together with their pods", () =>
            assert.deepEqual(codes([pods, ...around]), ["breaks-callers access-removed"]));
        const told = ["breaks-callers opens-to-network", "risk protection-weakened", "risk deleted"];
        it("are reported if the pods stay", () => assert.deepEqual(codes(around), told));
        it("are reported if the pods are only removed from the state", () =>
            assert.deepEqual(
                codes([leftBehind("Deployment", "d", { metadata, spec: { template } }), ...around]).sort(),
                [...told.slice(0, 1), "risk deleted", "risk left-behind", "risk protection-weakened"],
            ));
        it("are reported if other pods are deleted", () => {
            const others = step(
                "Deployment",
                "o",
                { metadata, spec: { template: { metadata: { labels: {} } } } },
                undefined,
            );
            assert.equal(codes([others, ...around]).length, 4);
        });
    });

    const services: [spec: object, expected: RegExp][] = [
        [
            { type: "NodePort", ports: [{ port: 80, targetPort: "admin" }] },
            /^breaks-callers opens-to-network: .*80 to admin/,
        ],
        [{ type: "LoadBalancer", ports: ports(9080) }, /^breaks-callers opens-to-network/],
        [{ type: "ClusterIP", externalIPs: ["10.0.0.1"], ports: ports(9080) }, /^breaks-callers opens-to-network/],
        [{ type: "ClusterIP", ports: ports(6379) }, /^harmless added/],
        [{ ports: ports(6379) }, /^harmless added/],
    ];
    for (const [spec, expected] of services)
        it(`reports whether a new Service with ${JSON.stringify(spec)} can be reached from outside`, () => {
            const [one, ...more] = said([step("Service", "s", undefined, { metadata: { name: "s" }, spec })]);
            assert.match(one, expected);
            assert.deepEqual(more, []);
        });

    const changed: [what: string, old: object, now: object, expected: string[]][] = [
        ["opens", { type: "ClusterIP" }, { type: "NodePort" }, ["breaks-callers opens-to-network"]],
        ["is closed", { type: "NodePort" }, { type: "ClusterIP" }, ["breaks-callers access-removed"]],
        ["loses an address", { externalIPs: ["a", "b"] }, { externalIPs: ["a"] }, ["breaks-callers access-removed"]],
        ["gets an address", {}, { externalIPs: ["a"] }, ["breaks-callers opens-to-network"]],
        [
            "is open to all addresses",
            { type: "LoadBalancer", loadBalancerSourceRanges: ["10.0.0.0/8"] },
            { type: "LoadBalancer" },
            ["breaks-callers opens-to-network"],
        ],
        [
            "is open to all addresses by an empty list",
            { type: "LoadBalancer", loadBalancerSourceRanges: ["10.0.0.0/8"] },
            { type: "LoadBalancer", loadBalancerSourceRanges: [] },
            ["breaks-callers opens-to-network"],
        ],
        [
            "is for some addresses, and was for all",
            { type: "LoadBalancer" },
            { type: "LoadBalancer", loadBalancerSourceRanges: ["10.0.0.0/8"] },
            ["breaks-callers access-removed"],
        ],
        [
            "is open to all addresses in another notation",
            { type: "LoadBalancer", loadBalancerSourceRanges: [] },
            { type: "LoadBalancer" },
            [],
        ],
        [
            "has one more external port",
            { type: "NodePort", ports: ports(80) },
            { type: "NodePort", ports: ports(80, 81) },
            ["breaks-callers opens-to-network"],
        ],
        [
            "has one external port less",
            { type: "NodePort", ports: ports(80, 81) },
            { type: "NodePort", ports: ports(81) },
            ["breaks-callers access-removed"],
        ],
        ["has one more internal port", { ports: ports(80) }, { ports: ports(80, 81) }, ["risk gateway-changed"]],
        ["selects other pods", { selector: { app: "apisix" } }, { selector: { app: "new" } }, ["risk gateway-changed"]],
    ];
    for (const [what, old, now, expected] of changed)
        it(`reports for a Service that ${what}: ${expected.join(", ")}`, () => {
            const object = (spec: object) => ({ metadata: { name: "s" }, spec });
            assert.deepEqual(codes([step("Service", "s", object(old), object(now))]), expected);
        });
});
