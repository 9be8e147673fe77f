// Proves which effects on Alpa itself a review reports, where Alpa is a component of the cluster or runs on bare metal.
import { strict as assert } from "node:assert";
import { said, step } from "../steps";

const cluster = (suspend: boolean, more: object = {}) => ({
    metadata: { name: "alpa-opt", namespace: "alpa-auth" },
    spec: { suspend, ...more },
});
const host = (words: string) => ({ create: `sh -s -- 10.0.0.11 alpa-auth/x ${words} attempt=0` });
const during = (phase: string) => ({
    "alpa-auth:option": "intra-b",
    "alpa-auth:convert": JSON.stringify({ phase }),
});
const METAL = "alpa-conversion-bare-metal-10.0.0.11";

describe("review of Alpa itself", () => {
    const cases: [what: string, steps: ReturnType<typeof step>[], config: Record<string, string>, first: RegExp][] = [
        [
            "a component that stops while callers use it",
            [step("RayCluster", "ray", cluster(false), cluster(true))],
            during("done"),
            /^breaks-callers alpa-stopped/,
        ],
        [
            "a component that stops, if the config does not say which backend callers use",
            [step("RayCluster", "ray", cluster(false), cluster(true))],
            {},
            /^breaks-callers alpa-stopped/,
        ],
        [
            "a component that stops while callers get 503",
            [step("RayCluster", "ray", cluster(false), cluster(true))],
            during("stop"),
            /^risk alpa-stopped/,
        ],
        [
            "a new version while the gateway is closed",
            [step("RayCluster", "ray", cluster(false, { image: "a:1" }), cluster(false, { image: "a:2" }))],
            { ...during("done"), "alpa-auth:gateway": JSON.stringify({ closed: { enabled: true, reason: "new" } }) },
            /^risk alpa-stopped.*callers get 503 meanwhile/,
        ],
        [
            "a new version while gateway.closed is not enabled",
            [step("RayCluster", "ray", cluster(false, { image: "a:1" }), cluster(false, { image: "a:2" }))],
            { ...during("done"), "alpa-auth:gateway": JSON.stringify({ closed: { enabled: false } }) },
            /^breaks-callers alpa-stopped.*callers get 502 or 503 until its model is loaded, unless gateway\.closed/,
        ],
        [
            "a component that is deleted while it runs",
            [step("RayCluster", "ray", cluster(false), undefined)],
            during("done"),
            /^breaks-callers alpa-stopped/,
        ],
        [
            "a component that is deleted while it does not run",
            [step("RayCluster", "ray", cluster(true), undefined)],
            {},
            /^harmless changed-inside/,
        ],
        [
            "a component that is created and runs",
            [step("RayCluster", "ray", undefined, cluster(false))],
            {},
            /^risk alpa-started/,
        ],
        [
            "other pods",
            [step("RayCluster", "ray", cluster(false, { rayVersion: "1" }), cluster(false, { rayVersion: "2" }))],
            during("done"),
            /^breaks-callers alpa-stopped.*callers get 502 or 503 until its model is loaded/,
        ],
        [
            "other pods while callers get 503",
            [step("RayCluster", "ray", cluster(false, { rayVersion: "1" }), cluster(false, { rayVersion: "2" }))],
            during("start"),
            /^risk alpa-stopped.*callers get 503 meanwhile/,
        ],
        [
            "other pods of a component that does not run",
            [step("RayCluster", "ray", cluster(true, { rayVersion: "1" }), cluster(true, { rayVersion: "2" }))],
            during("prepare"),
            /^harmless changed-inside/,
        ],
        [
            "bare metal that stops while callers use it",
            [step("Command", METAL, host("start boot=as-found"), host("stop after-answers boot=as-found"))],
            during("prepare"),
            /^breaks-callers alpa-stopped/,
        ],
        [
            "bare metal that starts",
            [step("Command", METAL, host("stop boot=as-found"), host("start boot=as-found"))],
            during("drain"),
            /^risk alpa-started/,
        ],
        [
            "bare metal that is configured to stop at once",
            [step("Command", METAL, undefined, host("stop boot=never"))],
            {},
            /^breaks-callers alpa-stopped/,
        ],
        [
            "bare metal that is no longer managed",
            [step("Command", METAL, host("start boot=as-found"), undefined)],
            {},
            /^harmless changed-inside/,
        ],
    ];
    for (const [what, steps, config, first] of cases)
        it(`reports the effect of ${what}`, () => assert.match(said(steps, config)[0], first));

    const graph = (component: string, deploy: boolean, more: object = {}) => ({
        metadata: { name: "opt", namespace: "alpa-auth" },
        spec: { deploy, graph: { components: { [component]: { config: more } } } },
    });
    const graphs: [what: string, old: object | undefined, now: object | undefined, phase: string, first: RegExp][] = [
        ["Alpa that stops", graph("alpa", true), graph("alpa", false), "done", /^breaks-callers alpa-stopped/],
        ["Alpa that stops in the window", graph("alpa", true), graph("alpa", false), "stop", /^risk alpa-stopped/],
        ["Alpa that starts", graph("alpa", false), graph("alpa", true), "start", /^risk alpa-started/],
        ["Alpa that is deleted while it runs", graph("alpa", true), undefined, "done", /^breaks-callers alpa-stopped/],
        [
            "Alpa that is deleted while it does not run",
            graph("alpa", false),
            undefined,
            "prepare",
            /^harmless changed-inside/,
        ],
        ["Alpa that is created", undefined, graph("alpa", false), "prepare", /^harmless added/],
        ["other pods of Alpa", graph("alpa", true), graph("alpa", true, { a: 1 }), "done", /^risk pods-restart/],
        ["an operator that is deleted", graph("kuberay-operator", true), undefined, "done", /^risk deleted/],
        [
            "an operator that is off",
            graph("kuberay-operator", true),
            graph("kuberay-operator", false),
            "done",
            /^risk deleted/,
        ],
        [
            "a gateway that is off",
            graph("apisix", true),
            graph("apisix", false),
            "done",
            /^breaks-callers gateway-deleted/,
        ],
        ["a gateway that is on", graph("apisix", false), graph("apisix", true), "done", /^risk gateway-changed/],
    ];
    for (const [what, old, now, phase, first] of graphs)
        it(`reports the effect of a graph of ${what}`, () =>
            assert.match(said([step("RampartGraph", "opt-graph", old, now)], during(phase))[0], first));

    it("recognizes only the DaemonSet that holds images", () => {
        const set = (name: string) => ({ metadata: { name }, spec: {} });
        assert.match(said([step("DaemonSet", "d", undefined, set("alpa-opt-images"))])[0], /^harmless added/);
        assert.match(said([step("DaemonSet", "d", undefined, set("miner"))])[0], /^risk unknown-resource/);
    });

    const route = (abort: object | undefined) => ({
        metadata: { name: "r" },
        spec: {
            http: [
                {
                    name: "completions",
                    match: { paths: ["/completions"] },
                    plugins: [
                        { name: "key-auth", config: { hide_credentials: true } },
                        ...(abort ? [{ name: "fault-injection", config: { abort } }] : []),
                    ],
                },
            ],
        },
    });
    const [all, some] = [{ http_status: 503 }, { http_status: 403, vars: [["consumer_name", "!", "~~", "^a_"]] }];
    const refusals: [what: string, old: object | undefined, now: object | undefined, first: RegExp][] = [
        ["every request is rejected", some, all, /^breaks-callers service-interrupted: .*503/],
        [
            "every request is rejected, where all were accepted before",
            undefined,
            all,
            /^breaks-callers service-interrupted/,
        ],
        ["requests are accepted again", all, some, /^harmless access-added/],
        ["callers of other namespaces are accepted", some, undefined, /^breaks-callers authentication-removed/],
        ["callers of other namespaces are accepted again", all, undefined, /^breaks-callers authentication-removed/],
    ];
    for (const [what, old, now, first] of refusals)
        it(`reports that ${what}`, () =>
            assert.match(said([step("ApisixRoute", "r", route(old), route(now))])[0], first));
});
