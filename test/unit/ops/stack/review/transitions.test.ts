// Proves what a review reports for a change of the config, for the program of this repository: every pair is the real program
// run with two configs. recorded.test.ts reads previews of the engine.
import { strict as assert } from "node:assert";
import { certificate, type Pair } from "../../../../certificates";
import { assertCodes } from "../../../../findings";
import type { Seen } from "../../../../kit";
import { CONSUMERS as TOKENS, HOST, recordCloudflare, TUNNEL } from "../../../kit/cloudflare";
import { node, recordNodes, THREE } from "../../../kit/cluster-nodes";
import { interValues, parseInter, recordInter } from "../../../kit/inter";
import { bareHost, SSH, recordIntraB } from "../../../kit/intra-b";
import { CLASSES, CONSUMERS, EXPOSURE, recordExposed, recordStack } from "../../../kit/intra-a";
import { found } from "./programs";

type Values = any;
/** Two certificates for the name of the service. */
let pairs: Pair[];

const PROGRAMS = {
    rampart: (values: Values) => recordStack("rampart", values),
    helm: ({ gateway, ...values }: Values) =>
        recordStack("helm", { ...values, gateway: { installer: "helm", crds: ["crds.yaml"], ...gateway } }),
    existing: (values: Values) => recordExposed("existing", values),
    exposed: (values: Values) => recordExposed("rampart", values),
    inter: ({ gateway, ...values }: Values) =>
        recordInter(parseInter(interValues({ alpa: { endpoints: EXPOSURE.alpa.endpoints }, ...values }, gateway))),
    nodes: ({ nodes = THREE, ...values }: Values) => recordNodes({ nodes }, values),
    cloudflare: recordCloudflare,
    tls: ({ tls, pair = 0, ...values }: Values) =>
        recordStack("rampart", { azure: AZURE, tls: { ...pairs[pair], ...tls }, ...values }),
    phase: ({ phase, opt, ...values }: Values) =>
        phase === "intra-a"
            ? recordStack("rampart", { alpa: { endpoints: [E[0]] }, ...values })
            : recordIntraB(phase, values, opt),
};
type Program = keyof typeof PROGRAMS;

const AZURE = { hostname: "llm.example.com", addresses: ["20.50.2.11"] };
const E = ["10.0.0.11:20001", "10.0.0.12:20001"];
const NEWER = "apache/apisix:3.18.1-ubuntu";
const OPT = { image: "registry.example.com/alpa-serving:1.0.1" };
const CLOSED = { gateway: { closed: "a new model" } };
const OFF = { guard: { off: "a trial of it" } };
const [lab, nlp] = CONSUMERS as any[];
const [labTokens, nlpTokens] = TOKENS as any[];
const limits = (values: object) => ({ consumers: [{ ...lab, limits: { ...lab.limits, ...values } }, nlp] });
const credentials = (...list: object[]) => ({ consumers: [{ ...lab, credentials: list }, nlp] });
const [first, second] = lab.credentials;
const until = (expires: string) => credentials(first, { ...second, expires });
const token = (more: object) => ({
    consumers: [labTokens, { ...nlpTokens, credentials: [{ ...nlpTokens.credentials[0], ...more }] }],
});
const observed = (...namespaces: string[]) => {
    const scrapers = namespaces.map((namespace) => ({
        namespace,
        podLabels: { "app.kubernetes.io/name": "prometheus" },
    }));
    return { observability: { accessLog: true, metrics: { scrapers } } };
};
const metrics = { observability: { metrics: observed("monitoring").observability.metrics } };
const alpa = (more: object) => ({ alpa: { endpoints: E, ...more } });
const counters = (more: object) => ({ gateway: { sharedCounters: { whenDown: "refuse", ...more } } });
const batch = (slots: number) => ({ ...CLASSES, classes: { batch: slots } });
const FROM = "10.20.97.11";
const firewall = (from: string[], more = {}) => ({
    alpa: { endpoints: E },
    ssh: SSH,
    firewall: { from, hosts: [bareHost(11)], ...more },
});
const tokens = (limits: object) => ({
    alpa: undefined,
    openai: { endpoints: ["10.0.0.11:8000"], models: ["m1"] },
    consumers: [{ ...lab, limits }, nlp],
});
const MODELS = ["m1", "m2"];
const vllm = (more: object = {}, models?: string[]) => ({
    alpa: undefined,
    openai: { endpoints: ["10.0.0.11:8000", "10.0.0.11:8001"], models: MODELS, serverKey: "k1", ...more },
    consumers: [{ ...lab, models }, nlp],
});
const VLLM: [what: string, before: object, after: object, expected: string][] = [
    ["without a model", vllm(), vllm({ models: ["m1"] }), "!request-rejected"],
    ["with another model", vllm({ models: ["m1"] }), vllm(), "?route-changed"],
    ["without a path", vllm(), vllm({ paths: ["chat/completions", "models"] }), "!request-rejected"],
    ["with another path", vllm({ paths: ["models"] }), vllm({ paths: ["completions", "models"] }), "?route-changed"],
    ["with another key of the server", vllm(), vllm({ serverKey: "k2" }), "!service-interrupted ?route-changed"],
    ["without a key of the server", vllm(), vllm({ serverKey: undefined }), "!service-interrupted ?route-changed"],
    ["that may be silent for less time", vllm(), vllm({ silenceSeconds: 60 }), "!timeout-lowered"],
    ["that may be silent for longer", vllm(), vllm({ silenceSeconds: 900 }), "-timeout-raised"],
    ["with smaller bodies", vllm(), vllm({ maxBodyBytes: 1024 }), "!request-rejected"],
    ["with larger bodies", vllm(), vllm({ maxBodyBytes: 20_000_000 }), "?route-changed"],
    ["at other addresses", vllm(), vllm({ endpoints: ["10.0.0.11:8002"] }), "?upstream-replaced"],
    ["at addresses in another order", vllm(), vllm({ endpoints: ["10.0.0.11:8001", "10.0.0.11:8000"] }), ""],
    ["with first models of a caller", vllm(), vllm({}, ["m1"]), "!request-rejected"],
    ["with all models for a caller", vllm({}, ["m1"]), vllm(), "?route-changed"],
    ["with fewer models of a caller", vllm({}, MODELS), vllm({}, ["m1"]), "!request-rejected"],
    ["with more models of a caller", vllm({}, ["m1"]), vllm({}, MODELS), "-access-added"],
];
const BUDGET = { concurrent: 2, maxTokens: 64, tokens: 1000, perTokenSeconds: 60 };
const edge = (requests: number) => ({ rateLimit: { requests, perSeconds: 10 } });
const zone = (more: object) => ({ zone: { name: "example.com", plan: "pro", ...more } });
const connectors = (more: object) => ({ tunnel: { ...EXPOSURE.tunnel, ...more } });
const two = { tunnel: { ...TUNNEL, hosts: [HOST, { ...HOST, address: "10.0.0.12" }] } };

/** Expected findings: `!` breaks callers, `?` is a risk, `-` is harmless. */
type Transition = [what: string, program: Program, before: Values, after: Values, expected: string];

const TRANSITIONS: Transition[] = [
    ["nothing", "rampart", {}, {}, ""],
    // Callers.
    ["a removed caller", "rampart", {}, { consumers: [lab] }, "!caller-removed"],
    ["an added caller", "rampart", { consumers: [lab] }, {}, "-caller-added"],
    ["no callers", "rampart", {}, { consumers: [] }, "!caller-removed"],
    ["a renamed caller", "rampart", {}, { consumers: [lab, { ...nlp, name: "x" }] }, "!caller-removed -caller-added"],
    ["the order of callers", "rampart", {}, { consumers: [nlp, lab] }, ""],
    ["the order of credentials", "rampart", {}, credentials(second, first), ""],
    ["a revoked credential", "rampart", {}, credentials(first), "!credential-revoked"],
    ["an added credential", "rampart", credentials(first), {}, "-credential-added"],
    [
        "another method under the same id",
        "rampart",
        {},
        credentials({ id: "2026a", method: "jwt", algorithm: "HS256" }, second),
        "!credential-changed",
    ],
    ["an earlier expiry date", "rampart", until("2027-06-30"), until("2026-12-31"), "!credential-ends-sooner"],
    ["a first expiry date", "rampart", {}, until("2027-06-30"), "?credential-ends-sooner"],
    ["a later expiry date", "rampart", until("2027-06-30"), until("2027-09-30"), "-credential-ends-later"],
    ["no expiry date any more", "rampart", until("2027-06-30"), {}, "-credential-ends-later"],
    // Limits.
    ["fewer requests", "rampart", {}, limits({ requests: 30 }), "!limit-lowered"],
    ["the same in a longer window", "rampart", {}, limits({ perSeconds: 120 }), "!limit-lowered"],
    ["fewer open requests", "rampart", {}, limits({ concurrent: 1 }), "!limit-lowered"],
    ["more requests", "rampart", {}, limits({ requests: 90 }), "-limit-raised"],
    ["more open requests", "rampart", {}, limits({ concurrent: 5 }), "-limit-raised"],
    ["a first limit", "inter", {}, { consumers: [lab, { ...nlp, limits: { concurrent: 1 } }] }, "!limit-lowered"],
    ["a lower maximum of tokens", "helm", tokens(BUDGET), tokens({ ...BUDGET, maxTokens: 32 }), "!request-rejected"],
    ["a smaller budget of tokens", "helm", tokens(BUDGET), tokens({ ...BUDGET, tokens: 999 }), "!limit-lowered"],
    ["a first maximum of tokens", "helm", tokens({}), tokens({ maxTokens: 32 }), "!request-rejected"],
    ["a higher maximum of tokens", "helm", tokens({ maxTokens: 32 }), tokens({ maxTokens: 64 }), "-limit-raised"],
    ["a first budget of tokens", "helm", tokens({ concurrent: 2, maxTokens: 64 }), tokens(BUDGET), "!limit-lowered"],
    ["a larger budget of tokens", "helm", tokens(BUDGET), tokens({ ...BUDGET, tokens: 2000 }), "-limit-raised"],
    ...VLLM.map(([what, ...rest]): Transition => [`an OpenAI server ${what}`, "helm", ...rest]),
    ["no limits in tokens", "helm", tokens(BUDGET), tokens({ concurrent: 2 }), "?limit-removed"],
    ["a removed limit", "inter", {}, { consumers: [{ ...lab, limits: undefined }, nlp] }, "?limit-removed"],
    ["fewer slots of a class", "rampart", batch(3), batch(2), "!limit-lowered"],
    [
        "a new class of new callers",
        "rampart",
        CLASSES,
        {
            ...CLASSES,
            classes: { ...CLASSES.classes, night: 1 },
            consumers: [...CLASSES.consumers, { ...nlp, class: "night" }],
        },
        "-caller-added -changed-inside",
    ],
    [
        "a caller in another class",
        "rampart",
        CLASSES,
        {
            ...CLASSES,
            consumers: CLASSES.consumers.map((one) => ({
                ...one,
                class: one.name === "ocr" ? undefined : (one as { class?: string }).class,
            })),
        },
        "?limit-removed",
    ],
    [
        "counters that allow requests while they are down",
        "inter",
        {},
        counters({ whenDown: "allow" }),
        "?limit-changed",
    ],
    [
        "more pods, with counters of their own",
        "helm",
        {},
        { gateway: { replicas: 2, sharedCounters: { whenDown: "refuse" } } },
        "?limit-changed -gateway-changed",
    ],
    // The route.
    ["a shorter timeout for answers", "rampart", {}, alpa({ answerTimeoutSeconds: 300 }), "!timeout-lowered"],
    ["a longer timeout for answers", "rampart", {}, alpa({ answerTimeoutSeconds: 900 }), "-timeout-raised"],
    ["one Alpa less", "rampart", {}, alpa({ endpoints: [E[0]] }), "?upstream-removed"],
    ["one more Alpa", "rampart", {}, alpa({ endpoints: [...E, "10.0.0.13:20001"] }), "?upstream-added"],
    [
        "another Alpa, whose node is in the address",
        "rampart",
        {},
        alpa({ endpoints: ["10.0.0.15:20001"] }),
        "!access-changed ?upstream-replaced",
    ],
    ["no guard", "rampart", { guard: { minTokens: 8 } }, OFF, "!protection-weakened"],
    ["a guard where there was none", "rampart", OFF, {}, "!request-rejected"],
    ["shorter bodies", "rampart", {}, { guard: { contextTokens: 512 } }, "!request-rejected"],
    ["longer bodies", "rampart", {}, { guard: { contextTokens: 2048 } }, "?guard-changed"],
    ["room for answers, which shortens prompts", "rampart", {}, { guard: { minTokens: 8 } }, "!request-rejected"],
    ["less room for answers, which some need", "rampart", { guard: { minTokens: 8 } }, {}, "!request-rejected"],
    ["a closed gateway", "rampart", {}, CLOSED, "!service-interrupted"],
    ["a gateway that is open again", "rampart", CLOSED, {}, "-access-added"],
    // The gateway.
    ["another port", "rampart", {}, { gateway: { nodePort: 30900 } }, "!access-changed"],
    ["another address", "rampart", {}, { gateway: { address: "10.0.0.2" } }, "!access-changed"],
    ["another image of the only pod", "rampart", {}, { gateway: { image: NEWER } }, "!service-interrupted"],
    ["another image of several pods", "inter", {}, { gateway: { image: NEWER } }, "?pods-restart"],
    ["one more pod of three", "inter", { gateway: { replicas: 3 } }, { gateway: { replicas: 4 } }, "-gateway-changed"],
    ["one pod less of four", "inter", { gateway: { replicas: 4 } }, { gateway: { replicas: 3 } }, "?gateway-changed"],
    [
        "another image of etcd",
        "rampart",
        {},
        { gateway: { etcdImage: "gcr.io/etcd-development/etcd:v3.6.17" } },
        "?pods-restart",
    ],
    ["another StorageClass", "rampart", {}, { gateway: { storageClass: "fast" } }, "!data-deleted"],
    ["a repeated deployment", "rampart", {}, { rampart: { retry: 1 } }, "?gateway-changed"],
    ["longer waits", "rampart", {}, { waitSeconds: 3000 }, "-changed-inside"],
    [
        "metrics and an access log",
        "rampart",
        {},
        observed("monitoring"),
        "!service-interrupted ?opens-to-network -changed-inside",
    ],
    [
        "no metrics, which opens nothing",
        "rampart",
        observed("monitoring"),
        {},
        "!service-interrupted -network-narrowed -changed-inside",
    ],
    ["one more scraper", "rampart", observed("monitoring"), observed("monitoring", "other"), "?opens-to-network"],
    ["one scraper less", "rampart", observed("monitoring", "other"), observed("monitoring"), "-network-narrowed"],
    [
        "another namespace",
        "rampart",
        {},
        { namespace: "other" },
        "!data-deleted !gateway-deleted !service-interrupted ?opens-to-network",
    ],
    // TLS.
    ["another certificate", "tls", {}, { pair: 1 }, "?certificate-changed"],
    ["HTTP that redirects to HTTPS", "tls", { tls: { redirect: false } }, {}, "!access-changed"],
    ["HTTP that no longer redirects", "tls", {}, { tls: { redirect: false } }, "?protection-weakened"],
    // Exposure tunnel.
    [
        "another version of the connectors",
        "exposed",
        {},
        connectors({ image: "cloudflare/cloudflared:2026.9.0" }),
        "?pods-restart",
    ],
    ["metrics of connectors, for scrapers only", "existing", {}, metrics, "?network-narrowed ?pods-restart"],
    ["another host name", "exposed", {}, { hostname: "x.example.com" }, "!access-removed !access-changed"],
    ["browser checks at the tunnel", "exposed", {}, { browserChecks: "keep" }, "!request-rejected"],
    ["a port in addition to the tunnel", "exposed", {}, { gateway: { nodePort: 30_800 } }, "!opens-to-network"],
    // Hosts.
    ["a removed node", "nodes", { nodes: [...THREE, node(4)] }, {}, "!data-deleted"],
    ["an added node", "nodes", {}, { nodes: [...THREE, node(4)] }, "?host-changed"],
    [
        "another login",
        "nodes",
        {},
        { nodes: [THREE[0], { ...node(2), address: "root@10.0.0.2" }, THREE[2]] },
        "-changed-inside",
    ],
    ["firewall rules on Alpa's host", "inter", {}, firewall([FROM]), "?network-narrowed"],
    ["no firewall rules on Alpa's host", "inter", firewall([FROM]), {}, "!opens-to-network"],
    [
        "another node of the gateway",
        "inter",
        firewall([FROM]),
        firewall(["10.20.97.12"]),
        "!network-narrowed ?opens-to-network",
    ],
    [
        "a port of Ray that is open to all",
        "inter",
        firewall([FROM], { alsoFrom: [], ports: ["6379"] }),
        firewall([FROM]),
        "!opens-to-network",
    ],
    // Option cloudflare.
    ["a removed caller with tokens", "cloudflare", {}, { consumers: [labTokens] }, "!caller-removed"],
    ["the order of callers with tokens", "cloudflare", {}, { consumers: [nlpTokens, labTokens] }, ""],
    [
        "a removed token",
        "cloudflare",
        {},
        { consumers: [{ ...labTokens, credentials: labTokens.credentials.slice(1) }, nlpTokens] },
        "!credential-revoked",
    ],
    ["a token with a longer duration", "cloudflare", {}, token({ duration: "forever" }), "-credential-ends-later"],
    ["a token with a shorter duration", "cloudflare", {}, token({ duration: "720h" }), "!credential-ends-sooner"],
    ["a token that expires earlier", "cloudflare", {}, token({ expires: "2027-01-31" }), "!credential-ends-sooner"],
    ["a disabled token", "cloudflare", {}, token({ enabled: false }), "!credential-revoked"],
    ["an enabled token", "cloudflare", token({ enabled: false }), {}, "?credential-added"],
    [
        "a rotated secret",
        "cloudflare",
        {},
        token({ secretVersion: 2, previousSecretExpires: "2026-12-20" }),
        "?credential-rotated",
    ],
    [
        "another name",
        "cloudflare",
        {},
        { hostname: "other.example.com" },
        "!access-removed !access-changed -access-added",
    ],
    ["another path", "cloudflare", {}, { pathPrefix: "/llm" }, "?access-changed -access-added"],
    ["another path of the gateway", "rampart", {}, { pathPrefix: "/llm" }, "?access-changed -access-added"],
    ["a path that is no longer served", "rampart", { pathPrefix: "/llm" }, {}, "!access-removed ?access-changed"],
    ["browser checks", "cloudflare", {}, { browserChecks: "keep" }, "!request-rejected"],
    ["mail to operators", "cloudflare", {}, { notify: ["ops@example.com"] }, "-changed-inside"],
    ["another team", "cloudflare", {}, { teamName: "other" }, "!authentication-changed ?host-changed"],
    ["one more host of connectors", "cloudflare", {}, two, "-added"],
    ["one host of connectors less", "cloudflare", two, {}, "!access-removed"],
    [
        "another cloudflared",
        "cloudflare",
        {},
        { tunnel: { ...TUNNEL, version: "2026.9.0", sha256: "b".repeat(64) } },
        "?host-changed",
    ],
    ["a rate limit", "cloudflare", {}, edge(60), "!request-rejected"],
    ["a lower rate limit", "cloudflare", edge(60), edge(30), "!limit-lowered"],
    ["no rate limit", "cloudflare", edge(60), {}, "?limit-removed"],
    [
        "a shorter time limit of the edge",
        "cloudflare",
        zone({ plan: "enterprise" }),
        { ...zone({ plan: "enterprise" }), proxyTimeoutSeconds: 100 },
        "!timeout-lowered ?timeout-lowered ?host-changed",
    ],
    ["another plan", "cloudflare", {}, zone({ plan: "enterprise" }), "?route-changed"],
    ["a zone that the stack creates", "cloudflare", {}, zone({ manage: "create" }), "?route-changed"],
    // A conversion. In `closed` and `moved` callers get 503: Alpa stops and starts while no request reaches it.
    ["a prepared conversion", "phase", { phase: "intra-a" }, { phase: "prepared" }, "-added"],
    ["a conversion that is given up", "phase", { phase: "prepared" }, { phase: "intra-a" }, "?deleted"],
    ["prepared to closed", "phase", { phase: "prepared" }, { phase: "closed" }, "!service-interrupted -changed-inside"],
    ["closed to prepared", "phase", { phase: "closed" }, { phase: "prepared" }, "-access-added -changed-inside"],
    [
        "closed to moved",
        "phase",
        { phase: "closed" },
        { phase: "moved" },
        "?alpa-stopped ?upstream-replaced ?alpa-started ?host-changed -changed-inside",
    ],
    [
        "moved to closed",
        "phase",
        { phase: "moved" },
        { phase: "closed" },
        "?alpa-stopped ?upstream-replaced ?alpa-started ?host-changed -changed-inside",
    ],
    ["moved to open", "phase", { phase: "moved" }, { phase: "open" }, "-access-added -changed-inside"],
    ["open to moved", "phase", { phase: "open" }, { phase: "moved" }, "!service-interrupted -changed-inside"],
    ["another image of Alpa that runs", "phase", { phase: "open" }, { phase: "open", opt: OPT }, "!alpa-stopped"],
    [
        "pods of Alpa on the network of their nodes",
        "phase",
        { phase: "open" },
        { phase: "open", opt: { hostNetwork: "NCCL over InfiniBand" } },
        "!opens-to-network !alpa-stopped",
    ],
    [
        "a longer wait for Alpa that runs",
        "phase",
        { phase: "open" },
        { phase: "open", waitSeconds: 3000 },
        "?host-changed -changed-inside",
    ],
    [
        "another image of Alpa that runs, while callers get 503",
        "phase",
        { phase: "open", ...CLOSED },
        { phase: "open", ...CLOSED, opt: OPT },
        "?alpa-stopped",
    ],
    [
        "another image of Alpa that does not run",
        "phase",
        { phase: "prepared" },
        { phase: "prepared", opt: OPT },
        "-changed-inside",
    ],
    [
        "an added caller after a conversion",
        "phase",
        { phase: "open", consumers: [lab] },
        { phase: "open" },
        "-caller-added",
    ],
];

const known = new Map<string, Promise<Seen[]>>();
/** Runs a program only once for each config, because its runs take most of this file's time. */
function run(program: Program, values: Values): Promise<Seen[]> {
    const key = JSON.stringify([program, values]);
    if (!known.has(key)) known.set(key, PROGRAMS[program](values));
    return known.get(key)!;
}

const SEVERITY: Record<string, string> = { "!": "breaks-callers", "?": "risk", "-": "harmless" };
const expectedCodes = (expected: string) =>
    expected === "" ? [] : expected.split(" ").map((one) => `${SEVERITY[one[0]]} ${one.slice(1)}`);

describe("review of a changed config", () => {
    before(async () => {
        pairs = await Promise.all([certificate([AZURE.hostname]), certificate([AZURE.hostname])]);
    });
    after(() => known.clear());

    for (const [what, program, before, after, expected] of TRANSITIONS)
        it(`reports for ${what} (${program}): ${expected || "no finding"}`, async () =>
            assertCodes(found(await run(program, before), await run(program, after)), expectedCodes(expected)));

    const across: [what: string, from: [Program, Values], to: [Program, Values], expected: string][] = [
        [
            "a tunnel instead of ports",
            ["rampart", { azure: AZURE }],
            ["exposed", {}],
            "!access-removed !access-changed !timeout-lowered ?network-narrowed -access-added",
        ],
        [
            "ports instead of a tunnel",
            ["exposed", {}],
            ["rampart", { azure: AZURE }],
            "!opens-to-network !access-removed !access-changed -timeout-raised",
        ],
        [
            "TLS where there was none",
            ["rampart", {}],
            ["tls", {}],
            "!access-changed !service-interrupted ?opens-to-network ?certificate-changed -access-added",
        ],
        [
            "no TLS",
            ["tls", { tls: { redirect: false } }],
            ["rampart", { azure: AZURE }],
            "!access-removed !access-changed !service-interrupted",
        ],
    ];
    for (const [what, from, to, expected] of across)
        it(`reports for ${what}: ${expected}`, async () =>
            assertCodes(found(await run(...from), await run(...to)), expectedCodes(expected)));

    it("says each effect once, although several resources are part of it", async () => {
        const findings = found(await run("rampart", {}), await run("rampart", credentials(first)));
        assert.deepEqual(
            findings.map(({ says }) => says),
            ["Credential lab/2026b stops working"],
        );
    });

    it("of a new stack names its callers, and nothing that breaks them", async () => {
        for (const [program, values] of [
            ["helm", {}],
            ["exposed", {}],
            ["inter", {}],
            ["cloudflare", edge(60)],
        ] as const)
            assertCodes(found([], await run(program, values)), ["harmless caller-added", "harmless added"]);
    });

    it("of the end of a stack names every caller, the gateway and the data", async () => {
        const findings = found(await run("rampart", {}), []);
        const breaks = [
            "data-deleted",
            "gateway-deleted",
            "access-removed",
            "all-credentials-change",
            "caller-removed",
        ];
        assertCodes(findings, [...breaks.map((code) => `breaks-callers ${code}`), "risk protection-weakened"]);
        const callers = findings.filter(({ code }) => code === "caller-removed").map(({ says }) => says);
        assert.deepEqual(
            callers,
            ["lab", "nlp"].map((name) => `Caller ${name} loses access, with all its credentials`),
        );
    });
});
