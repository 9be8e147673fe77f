// Proves that a review never reports a change of a gateway as harmless if it disables something, loses data or cannot be
// interpreted.
import { strict as assert } from "node:assert";
import { pluginVerdicts } from "../../../../../../ops/stack/review/plugins";
import { UNKNOWN_TEXT } from "../../../../../../policy/resources/values";
import { NAME_CALLER } from "../../../../../../components/route/name-caller";
import { said, step } from "../steps";

const route = (...plugins: object[]) => ({
    metadata: { name: "r" },
    spec: { http: [{ name: "x", match: { paths: ["/completions"] }, plugins }] },
});
const key = (more: object = {}) => ({ name: "key-auth", config: { hide_credentials: true }, ...more });
const both = (first: boolean, second: boolean, more: object = {}) => ({
    name: "multi-auth",
    config: {
        auth_plugins: [{ "key-auth": { hide_credentials: first } }, { "jwt-auth": { hide_credentials: second } }],
        ...more,
    },
});
const guard = (more: object = {}, config: object = {}) => ({
    name: "request-validation",
    config: { body_schema: { type: "object" }, ...config },
    ...more,
});
const longest = (max_body_size: number, error_response?: string) => ({
    name: "client-control",
    config: { max_body_size, _meta: { error_response } },
});
const refusal = (abort: object) => ({ name: "fault-injection", config: { abort: { http_status: 403, ...abort } } });
const LOOKS = /^risk errors-changed: \/completions: errors have another format$/;

describe("review of the plugins of a route", () => {
    const cases: [what: string, old: object, now: object, first: RegExp][] = [
        ["a guard that is off", guard(), guard({ enable: false }), /^risk protection-weakened: .*the guard is removed/],
        [
            "a guard that is disabled",
            guard(),
            guard({}, { _meta: { disable: true } }),
            /^risk protection-weakened: .*the guard is removed/,
        ],
        [
            "a guard for some requests",
            guard(),
            guard({}, { _meta: { filter: [["http_x", "==", "1"]] } }),
            /^risk protection-weakened/,
        ],
        ["authentication that is off", key(), key({ enable: false }), /^breaks-callers authentication-removed/],
        [
            "authentication that is disabled",
            both(true, true),
            both(true, true, { _meta: { disable: true } }),
            /^breaks-callers authentication-removed/,
        ],
        [
            "authentication of some requests",
            both(true, true),
            both(true, true, { _meta: { filter: [["http_x", "==", "1"]] } }),
            /^breaks-callers authentication-removed/,
        ],
        [
            "one of two credentials that is forwarded to Alpa",
            both(true, true),
            both(true, false),
            /^breaks-callers protection-weakened/,
        ],
        [
            "another error",
            both(true, true),
            both(true, true, { _meta: { error_response: "x" } }),
            /^risk errors-changed/,
        ],
        ["another error of the guard", guard(), guard({}, { _meta: { error_response: "x" } }), LOOKS],
        ["another error for long bodies", longest(8), longest(8, "x"), LOOKS],
        [
            "fewer bytes, and the error that names the limit",
            longest(8),
            longest(4, "x"),
            /^breaks-callers request-rejected/,
        ],
        ["another text in a rejection", refusal({ body: "a" }), refusal({ body: "b" }), LOOKS],
        ["another Retry-After", refusal({ headers: {} }), refusal({ headers: { "Retry-After": "9" } }), LOOKS],
        [
            "another status of a rejection",
            refusal({}),
            refusal({ http_status: 404 }),
            /^risk errors-changed: .*404 instead of 403/,
        ],
    ];
    it("reports metrics and the function that names callers in the access log as unnoticed by callers", () => {
        const meta = (more: object) => {
            const { name, config } = refusal({});
            return { name, config: { ...config, _meta: { priority: 2395, ...more } } };
        };
        const named = meta({ pre_function: NAME_CALLER });
        const counted = { name: "prometheus", config: { prefer_name: true } };
        for (const [old, now] of [
            [route(meta({})), route(named, counted)],
            [route(named, counted), route(meta({}))],
        ]) {
            const found = said([step("ApisixRoute", "r", old, now)]);
            assert.equal(found.length, 2, found.join("\n"));
            for (const one of found) assert.match(one, /^harmless changed-inside: .*(access log|counted)/);
        }
    });
    it("reports another function of a plugin: requests may be rejected", () => {
        const other = {
            ...refusal({}),
            config: { ...refusal({}).config, _meta: { pre_function: "return function() end" } },
        };
        assert.match(said([step("ApisixRoute", "r", route(refusal({})), route(other))])[0], /request-rejected/);
    });
    for (const [what, old, now, first] of cases)
        it(`reports the effect of ${what}`, () => {
            const [found] = said([step("ApisixRoute", "r", route(old), route(now))]);
            assert.match(String(found), first);
        });
});

describe("review of a plugin that may be on or off", () => {
    for (const [what, off] of [
        ["enable", key({ enable: UNKNOWN_TEXT })],
        ["_meta.disable", key({ config: { hide_credentials: true, _meta: { disable: UNKNOWN_TEXT } } })],
    ] as const)
        it(`treats the plugin as off (${what})`, () =>
            assert.match(
                said([step("ApisixRoute", "r", route(key()), route(off))])[0],
                /^breaks-callers authentication-removed: .*requests no longer need a key or token/,
            ));
});

describe("review of a route's backend", () => {
    const cases: [old: string, now: string, first: RegExp][] = [
        ["alpa-completions", "alpa-nowhere", /^breaks-callers access-removed/],
        ["alpa-nowhere", "alpa-completions", /^breaks-callers opens-to-network/],
        ["alpa-completions", "alpa-logprobs", /^risk upstream-replaced/],
    ];
    const to = (name: string) => ({
        metadata: { name: "r" },
        spec: { http: [{ name: "x", match: { paths: ["/completions"] }, plugins: [key()], upstreams: [{ name }] }] },
    });
    for (const [old, now, first] of cases)
        it(`reports the effect of a change from ${old} to ${now}`, () =>
            assert.match(said([step("ApisixRoute", "r", to(old), to(now))])[0], first));
});

describe("review of an upstream's ingress class", () => {
    const of = (spec: object) => ({ metadata: { name: "u" }, spec: { externalNodes: [], ...spec } });
    const classed = of({ ingressClassName: "alpa-auth" });

    it("is a risk if it is added: the ingress controller waits after each start", () =>
        assert.match(said([step("ApisixUpstream", "u", of({}), classed)])[0], /^risk gateway-changed: .* waits 5 min/));

    it("is harmless if it is removed: no backend changes", () =>
        assert.match(said([step("ApisixUpstream", "u", classed, of({}))])[0], /^harmless changed-inside: /));
});

describe("review of a rule that is added to a route", () => {
    const rule = (name: string, path: string, upstream: string) => ({
        ...{ name, match: { paths: [path] }, plugins: [key()], upstreams: [{ name: upstream }] },
    });
    const first = rule("x", "/completions", "alpa-completions");
    const of = (...rules: object[]) => ({ metadata: { name: "r" }, spec: { http: rules } });
    const cases: [what: string, more: object, found: RegExp][] = [
        ["its own path", rule("y", "/logprobs", "alpa-logprobs"), /^harmless access-added/],
        ["the path of another rule", rule("y", "/completions", "b"), /^risk route-changed: .*rule x served/],
        [
            "nothing behind it",
            rule("y", "/*", "alpa-nowhere"),
            /^breaks-callers request-rejected: .*the gateway answers these requests itself/,
        ],
    ];
    for (const [what, more, found] of cases)
        it(`reports the effect of a rule with ${what}`, () =>
            assert.match(said([step("ApisixRoute", "r", of(first), of(first, more))]).join("\n"), found));

    it("finds no rejected requests in a route that is new as a whole", () => {
        const all = said([step("ApisixRoute", "r", undefined, of(first, rule("closed", "/*", "alpa-nowhere")))]);
        assert.match(all.join("\n"), /^harmless access-added: Route r is created$/);
    });
});

describe("review of the upstream of a closed rule", () => {
    const nowhere = step("ApisixUpstream", "n", { metadata: { name: "alpa-nowhere" } }, undefined);

    it("reports its deletion", () => assert.match(said([nowhere]).join("\n"), /^risk protection-weakened: .*$/));

    it("reports nothing where its route is deleted too", () => {
        const found = said([nowhere, step("ApisixRoute", "r", route(key()), undefined)]);
        assert.match(found.join("\n"), /^breaks-callers access-removed: Route r is deleted.*$/);
    });
});

describe("review of a rule of a route under another name", () => {
    const under = (name: string, ...plugins: object[]) => ({
        metadata: { name: "r" },
        spec: { http: [{ name, match: { paths: ["/completions"] }, plugins }] },
    });
    const of = (now: object) => said([step("ApisixRoute", "r", under("old", key()), now)]).join("\n");

    it("reports nothing if only the name differs", () =>
        assert.match(of(under("new", key())), /^harmless changed-inside: Rule old is renamed to new.*$/));

    it("reports other differences", () =>
        assert.match(
            of(under("new")),
            /^breaks-callers authentication-removed: \/completions: requests no longer need a key or token/,
        ));
});

describe("review of a new route", () => {
    it("names its rules without authentication", () => {
        const [first] = said([step("ApisixRoute", "r", undefined, route(guard()))]);
        assert.match(
            first,
            /^breaks-callers authentication-removed: \/completions: requests are served without authentication/,
        );
    });

    it("reports rules that are not known yet", () => {
        const inputs = { metadata: { name: "r" }, spec: { http: UNKNOWN_TEXT } };
        assert.match(said([step("ApisixRoute", "r", undefined, inputs)]).join("\n"), /^risk unknown-until-apply.*$/);
    });

    it("is harmless where each rule authenticates", () => {
        const found = said([step("ApisixRoute", "r", undefined, route(both(true, true)))]);
        assert.ok(found.length > 0 && found.every((one) => one.startsWith("harmless")), found.join("\n"));
    });
});

const release = (values: object, more: object = {}) => ({
    chart: "apisix",
    name: "g",
    namespace: "alpa-auth",
    values,
    ...more,
});

describe("review of the values of the chart", () => {
    const cases: [what: string, old: object, now: object, first: RegExp][] = [
        [
            "the name of the controller",
            { "ingress-controller": { config: { controllerName: "a" } } },
            { "ingress-controller": { config: { controllerName: "b" } } },
            /^risk gateway-changed/,
        ],
        [
            "no controller",
            { "ingress-controller": { deployment: { replicas: 2 } } },
            { "ingress-controller": { deployment: { replicas: 0 } } },
            /^breaks-callers gateway-changed/,
        ],
        [
            "more controllers",
            {},
            { "ingress-controller": { deployment: { replicas: 2 } } },
            /^harmless gateway-changed/,
        ],
        [
            "the memory of the controller",
            {},
            { "ingress-controller": { deployment: { resources: { limits: { memory: "1Gi" } } } } },
            /^harmless pods-restart/,
        ],
        [
            "the number of replicas, which leaves the chart's default of one pod",
            { replicaCount: 3 },
            {},
            /^risk gateway-changed.*3 pods become 1/,
        ],
        [
            "the budget of the controller",
            { "ingress-controller": { podDisruptionBudget: { enabled: true } } },
            {},
            /^risk protection-weakened/,
        ],
        [
            "externalTrafficPolicy, so that nodes without a pod no longer answer",
            { service: { type: "NodePort", externalTrafficPolicy: "Cluster" } },
            { service: { type: "NodePort", externalTrafficPolicy: "Local" } },
            /^breaks-callers access-changed/,
        ],
        ["no pod of APISIX", { replicaCount: 2 }, { replicaCount: 0 }, /^breaks-callers service-interrupted/],
    ];
    for (const [what, old, now, first] of cases)
        it(`reports the effect of ${what}`, () => {
            const [found, ...more] = said([step("Release", "g", release(old), release(now))]);
            assert.match(String(found), first);
            assert.deepEqual(more, []);
        });

    it("reports which callers newer versions of TLS reject, and that older versions are allowed", () => {
        const tls = (sslProtocols: string) =>
            release({ replicaCount: 3, apisix: { ssl: { enabled: true, sslProtocols } } });
        const of = (old: string, now: string) => said([step("Release", "g", tls(old), tls(now))])[0];
        assert.match(of("TLSv1.2 TLSv1.3", "TLSv1.3"), /^breaks-callers access-removed: .*TLSv1\.2/);
        assert.match(of("TLSv1.3", "TLSv1.1 TLSv1.3"), /^risk protection-weakened: .*TLSv1\.1/);
    });

    it("reports that routes ignore a disabled plugin", () => {
        const on = (...plugins: string[]) => release({ apisix: { plugins } });
        const of = (old: object, now: object) => said([step("Release", "g", old, now)])[0];
        const off = /^breaks-callers authentication-removed: .*: multi-auth is disabled/;
        assert.match(of(on("multi-auth", "request-id"), on("request-id")), off);
        assert.match(of(on(), on("key-auth", "jwt-auth", "request-id")), off);
        assert.doesNotMatch(of(on("multi-auth"), on("multi-auth", "request-id")), /authentication-removed/);
    });

    it("reports that another chart may delete the resources of the old one", () => {
        const other = { ...release({}), chart: "oci://registry.example/web" };
        assert.match(said([step("Release", "g", release({}), other)])[0], /^breaks-callers gateway-deleted/);
        assert.match(said([step("Release", "g", other, release({}))])[0], /^breaks-callers service-interrupted/);
    });

    it("reports a change in files of values, which the review does not read", () => {
        const file = (hash: string) => release({}, { valueYamlFiles: [{ hash }] });
        assert.match(
            said([step("Release", "g", file("a"), file("b"))])[0],
            /^risk gateway-changed: .*does not read them/,
        );
    });
});

describe("review of etcd", () => {
    const members = (more: object) => ({ metadata: { name: "etcd" }, spec: { replicas: 3, ...more } });
    const cases: [what: string, old: object | undefined, now: object | undefined, first: RegExp][] = [
        ["another image", members({ template: { a: 1 } }), members({ template: { a: 2 } }), /^risk pods-restart/],
        ["fewer members", members({}), members({ replicas: 1 }), /^breaks-callers data-deleted/],
        ["more members", members({ replicas: 1 }), members({}), /^risk pods-restart/],
        [
            "other volumes",
            members({ volumeClaimTemplates: [{ spec: { storageClassName: "a" } }] }),
            members({ volumeClaimTemplates: [{ spec: { storageClassName: "b" } }] }),
            /data-deleted: etcd stores its data elsewhere/,
        ],
        ["its deletion", members({}), undefined, /^risk data-deleted/],
    ];
    for (const [what, old, now, first] of cases)
        it(`reports the effect of ${what}`, () => assert.match(said([step("StatefulSet", "e", old, now)])[0], first));
});

describe("review of a resource that is replaced by one of another name", () => {
    it("names the deleted resource", () => {
        const named = (name: string) => ({ metadata: { name } });
        const [found] = said([step("Namespace", "n", named("a"), named("b"), "replace")]);
        assert.match(found, /^breaks-callers data-deleted: Namespace a is deleted with all objects in it/);
    });
});

describe("review of a graph that loses its components", () => {
    const graph = (deploy: boolean | undefined, component: string) => ({
        metadata: { name: "g" },
        spec: { deploy, graph: { components: { [component]: { config: { replicaCount: 2 } } } } },
    });
    const cases: [what: string, old: object, now: object, first: RegExp][] = [
        ["APISIX", graph(true, "apisix"), graph(true, "other"), /^breaks-callers gateway-deleted/],
        ["Alpa", graph(true, "alpa"), graph(true, "other"), /^breaks-callers alpa-stopped/],
        ["Alpa that does not run", graph(false, "alpa"), graph(false, "other"), /^harmless changed-inside/],
        ["its key deploy", graph(true, "apisix"), graph(undefined, "apisix"), /^breaks-callers gateway-deleted/],
    ];
    for (const [what, old, now, first] of cases)
        it(`reports the effect of ${what}`, () => assert.match(said([step("RampartGraph", "g", old, now)])[0], first));
});

describe("review of deleted counters of limits", () => {
    const metadata = { name: "alpa-auth-counters", namespace: "n" };
    const labels = { app: "counters" };
    const pods = { metadata, spec: { template: { metadata: { labels } } } };
    const gone = [
        step("Deployment", "d", pods, undefined),
        step("Service", "s", { metadata, spec: { selector: labels } }, undefined),
    ];
    const limit = (policy: string) => ({
        metadata: { name: "lab" },
        spec: { plugins: [{ name: "limit-count", config: { count: 60, time_window: 60, policy } }] },
    });

    it("names the callers that lose service, once", () =>
        assert.match(said(gone).join("\n"), /^breaks-callers service-interrupted: .*callers with limits get 500.*$/));

    it("names no caller if all change to other counters in the same run", () => {
        const found = said([...gone, step("Consumer", "lab-consumer", limit("redis"), limit("local"))]);
        assert.match(found.join("\n"), /^risk limit-changed: .*$/);
    });
});

describe("review of how limits are counted", () => {
    const limit = (more: object) => ({
        metadata: { name: "lab" },
        spec: {
            plugins: [
                {
                    name: "limit-conn",
                    config: { conn: 2, policy: "redis", redis_host: "counters", key_ttl: 660, ...more },
                },
            ],
        },
    });
    const changed = (more: object) => said([step("Consumer", "lab-consumer", limit({}), limit(more))]).join("\n");

    it("says what changes with the answer timeout, and that no count restarts", () =>
        assert.match(changed({ key_ttl: 960 }), /^harmless changed-inside: .*lost gateway pod are counted for 960 s$/));

    it("says that all counts restart at another server", () =>
        assert.match(changed({ redis_host: "others" }), /^risk limit-changed: .*another server: all counts restart$/));
});

describe("review of counters that are down for a while", () => {
    const pods = (image: string) => ({
        metadata: { name: "alpa-auth-counters" },
        spec: { template: { spec: { containers: [{ name: "server", image }] } } },
    });
    const replaced = (whenDown?: string) =>
        said([step("Deployment", "d", pods("a"), pods("a"), "replace")], {
            "alpa-auth:gateway": JSON.stringify({ sharedCounters: { whenDown } }),
        })[0];

    it("reports for another image only that counts begin again", () =>
        assert.match(
            said([step("Deployment", "d", pods("a"), pods("b"))]).join("\n"),
            /^\S+ pods-restart: The counter server of the limits moves to a new pod: all counts restart$/,
        ));

    for (const [whenDown, says] of [
        ["refuse", /^breaks-callers service-interrupted: .*500 meanwhile/],
        ["allow", /^risk pods-restart: .*no limit is enforced/],
        [
            "each-pod",
            /^risk pods-restart: .*each gateway pod counts requests on its own and does not limit open requests/,
        ],
        [
            undefined,
            /^risk pods-restart: .*each gateway pod counts requests on its own and does not limit open requests/,
        ],
    ] as const)
        it(`reports what callers get meanwhile: ${whenDown ?? "by default"}`, () =>
            assert.match(replaced(whenDown), says));

    it("reports a caller whose requests each pod begins or ceases to count", () => {
        const caller = (...plugins: string[]) => ({
            metadata: { name: "lab" },
            spec: { plugins: plugins.map((name) => ({ name, config: { count: 60, time_window: 60, rate: 1 } })) },
        });
        const of = (old: string[], now: string[]) =>
            said([step("Consumer", "lab-consumer", caller(...old), caller(...now))]).join("\n");
        assert.match(
            of(["limit-count"], ["limit-count", "limit-req"]),
            /^risk limit-changed: .*counts the caller's requests separately$/,
        );
        assert.match(of(["limit-count", "limit-req"], ["limit-count"]), /^risk limit-changed: .*no longer counts/);
        assert.match(of([], ["limit-count", "limit-req"]), /^breaks-callers limit-lowered: .*$/);
    });
});

describe("review of numbers that are zero or missing reports", () => {
    it("a Deployment without any pod", () => {
        const pods = (replicas: number) => ({ metadata: { name: "alpa-auth-cloudflared" }, spec: { replicas } });
        assert.match(said([step("Deployment", "d", pods(2), pods(0))])[0], /^breaks-callers service-interrupted/);
        assert.match(said([step("Deployment", "d", pods(2), pods(1))])[0], /^risk gateway-changed/);
    });

    it("one pod for a Deployment without a number of replicas", () => {
        const pods = (spec: object) => ({ metadata: { name: "alpa-auth-cloudflared" }, spec });
        for (const none of [{}, { replicas: null }]) {
            const found = said([step("Deployment", "d", pods({ replicas: 3 }), pods(none))]);
            assert.match(found[0], /^risk gateway-changed: .*3 pods become 1/);
        }
    });

    it("a limit in another group, or with another message, as unchanged", () => {
        const limit = (more: object) => ({
            metadata: { name: "lab" },
            spec: { plugins: [{ name: "limit-count", config: { count: 60, time_window: 60, ...more } }] },
        });
        const of = (old: object, now: object) => said([step("Consumer", "lab-consumer", limit(old), limit(now))]);
        assert.match(
            of({ group: "a" }, { group: "b" }).join("\n"),
            /^risk limit-changed: Caller lab .*another group.*$/,
        );
        assert.match(
            of({ rejected_msg: "a" }, { rejected_msg: "b" }).join("\n"),
            /^risk errors-changed: Caller lab .*$/,
        );
        const more = of({ group: "a", rejected_msg: "60" }, { group: "b", rejected_msg: "90", count: 90 });
        assert.match(more.join("\n"), /^harmless limit-raised: .*$/);
    });

    it("a limit as lower that allows fewer requests at once, or fewer over time", () => {
        const limit = (count: number, time_window: number) => ({
            metadata: { name: "lab" },
            spec: { plugins: [{ name: "limit-count", config: { count, time_window } }] },
        });
        const of = (count: number, seconds: number) =>
            said([step("Consumer", "lab-consumer", limit(60, 60), limit(count, seconds))])[0];
        assert.match(of(10, 1), /^breaks-callers limit-lowered: Caller lab has less: 60 in 60 s becomes 10 in 1 s$/);
        assert.match(
            of(90, 120),
            /^breaks-callers limit-lowered: Caller lab has less: 60 in 60 s becomes 90 in 120 s$/,
        );
        assert.match(of(60, 30), /^harmless limit-raised: Caller lab has more: 60 in 60 s becomes 60 in 30 s$/);
    });

    it("a limit that is not a number", () => {
        const limit = (count: unknown) => ({
            metadata: { name: "lab" },
            spec: { plugins: [{ name: "limit-count", config: { count, time_window: 60 } }] },
        });
        assert.match(said([step("Consumer", "lab-consumer", limit(60), limit("some"))])[0], /^risk limit-changed/);
    });
});

describe("review of a route's plugins", () => {
    it("ignores the digest of all rules in error answers", () => {
        const shaped = (revision?: string) => [
            { name: "response-rewrite", config: { headers: { set: { a: "b", "X-Alpa-Auth-Revision": revision } } } },
        ];
        for (const before of ["0123456789ab", undefined])
            assert.deepEqual(
                pluginVerdicts("POST /alpa/completions", "plugins", shaped(before), shaped("ba9876543210")),
                [],
            );
    });
});
