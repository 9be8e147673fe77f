// Proves what a review reports for a change of the config, for the program of this repository: every pair is the real program
// run with two configs. recorded/ reads previews of the engine.
import { strict as assert } from "node:assert";
import { assertCodes, codes } from "../../../../findings";
import type { Seen } from "../../../../kit";
import { recordCloudflare, CONSUMERS as TOKENS } from "../../../kit/cloudflare";
import { CONSUMERS, recordExposed, recordStack } from "../../../kit/intra-a";
import { interSettings, interValues, parseInter, recordInter } from "../../../kit/inter";
import { found } from "./programs";

const [lab, nlp] = CONSUMERS as any[];
const [labTokens, nlpTokens] = TOKENS as any[];
const endpoints = ["10.0.0.11:20001", "10.0.0.12:20001"];
const limits = (values: object) => ({ consumers: [{ ...lab, limits: { ...lab.limits, ...values } }, nlp] });

const [SCRAPERS, OTHERS] = ["monitoring", "other"].map((namespace) => [
    { namespace, podLabels: { "app.kubernetes.io/name": "prometheus" } },
]);
const OBSERVED = { accessLog: true, metrics: { enabled: true, scrapers: SCRAPERS } };

type Values = Record<string, unknown>;
type Scenario = [what: string, before: Values, after: Values, findings: string[]];

const INTRA: Scenario[] = [
    ["nothing", {}, {}, []],
    ["a removed caller", {}, { consumers: [lab] }, ["breaks-callers caller-removed"]],
    ["an added caller", { consumers: [lab] }, {}, ["harmless caller-added"]],
    ["no callers", {}, { consumers: [] }, ["breaks-callers caller-removed"]],
    [
        "a renamed caller",
        {},
        { consumers: [lab, { ...nlp, name: "language" }] },
        ["breaks-callers caller-removed", "harmless caller-added"],
    ],
    ["the order of callers", {}, { consumers: [nlp, lab] }, []],
    ["the order of credentials", {}, { consumers: [{ ...lab, credentials: [...lab.credentials].reverse() }, nlp] }, []],
    [
        "a revoked credential",
        {},
        { consumers: [{ ...lab, credentials: [lab.credentials[0]] }, nlp] },
        ["breaks-callers credential-revoked"],
    ],
    [
        "an added credential",
        { consumers: [{ ...lab, credentials: [lab.credentials[0]] }, nlp] },
        {},
        ["harmless credential-added"],
    ],
    [
        "another method under the same id",
        {},
        {
            consumers: [
                { ...lab, credentials: [{ id: "2026a", method: "jwt", algorithm: "HS256" }, lab.credentials[1]] },
                nlp,
            ],
        },
        ["breaks-callers credential-changed"],
    ],
    [
        "metrics and an access log that are enabled at a gateway whose only pod restarts",
        {},
        { observability: OBSERVED },
        ["breaks-callers service-interrupted", "risk opens-to-network", "harmless changed-inside"],
    ],
    [
        "metrics and an access log that are disabled, which opens nothing",
        { observability: OBSERVED },
        {},
        ["breaks-callers service-interrupted", "harmless network-narrowed", "harmless changed-inside"],
    ],
    [
        "one more scraper",
        { observability: OBSERVED },
        { observability: { ...OBSERVED, metrics: { ...OBSERVED.metrics, scrapers: [...SCRAPERS, ...OTHERS] } } },
        ["risk opens-to-network"],
    ],
    ["fewer requests", {}, limits({ requests: 30 }), ["breaks-callers limit-lowered"]],
    ["the same in a longer window", {}, limits({ perSeconds: 120 }), ["breaks-callers limit-lowered"]],
    ["fewer open requests", {}, limits({ concurrent: 1 }), ["breaks-callers limit-lowered"]],
    ["more requests", {}, limits({ requests: 90 }), ["harmless limit-raised"]],
    ["more open requests", {}, limits({ concurrent: 5 }), ["harmless limit-raised"]],
    [
        "a limit where there was none",
        {},
        { consumers: [lab, { ...nlp, limits: { concurrent: 1 } }] },
        ["breaks-callers limit-lowered"],
    ],
    ["a removed limit", {}, { consumers: [{ ...lab, limits: undefined }, nlp] }, ["risk limit-removed"]],
    [
        "a shorter timeout for answers",
        {},
        { alpa: { endpoints, answerTimeoutSeconds: 300 } },
        ["breaks-callers timeout-lowered"],
    ],
    [
        "a longer timeout for answers",
        {},
        { alpa: { endpoints, answerTimeoutSeconds: 900 } },
        ["harmless timeout-raised"],
    ],
    ["one Alpa less", {}, { alpa: { endpoints: endpoints.slice(0, 1) } }, ["risk upstream-removed"]],
    ["one more Alpa", {}, { alpa: { endpoints: [...endpoints, "10.0.0.13:20001"] } }, ["risk upstream-added"]],
    ["another Alpa", {}, { alpa: { endpoints: ["10.0.0.15:20001"] } }, ["risk upstream-replaced"]],
    ["another port", {}, { gateway: { nodePort: 30900 } }, ["breaks-callers access-changed"]],
    [
        "another image",
        {},
        { gateway: { image: { repository: "apache/apisix", tag: "3.18.1-ubuntu" } } },
        ["breaks-callers service-interrupted"],
    ],
    ["a repeated deployment", {}, { rampart: { retry: 1 } }, ["risk gateway-changed"]],
    ["no guard", {}, { guard: { enabled: false, reason: "a trial of it" } }, ["risk protection-weakened"]],
    [
        "shorter bodies",
        {},
        { guard: { maxBodyBytes: 1024 } },
        ["breaks-callers request-rejected", "harmless changed-inside"],
    ],
    ["longer waits", {}, { readiness: { acceptTimeoutSeconds: 300, settleSeconds: 9 } }, []],
    [
        "another address of the same nodes",
        { gateway: { address: "10.0.0.1" } },
        { gateway: { address: "10.0.0.2" } },
        [],
    ],
    [
        "an expiry date in the config",
        {},
        { consumers: [lab, { ...nlp, credentials: [{ id: "2026a", method: "key", expires: "2099-01-31" }] }] },
        [],
    ],
];

const CLOUDFLARE: Scenario[] = [
    ["nothing", {}, {}, []],
    ["a removed caller", {}, { consumers: [labTokens] }, ["breaks-callers credential-revoked"]],
    ["an added caller", { consumers: [labTokens] }, {}, ["harmless credential-added"]],
    [
        "a removed token",
        {},
        { consumers: [{ ...labTokens, credentials: labTokens.credentials.slice(1) }, nlpTokens] },
        ["breaks-callers credential-revoked"],
    ],
    [
        "a token with a longer duration",
        {},
        {
            consumers: [
                labTokens,
                { ...nlpTokens, credentials: [{ ...nlpTokens.credentials[0], duration: "forever" }] },
            ],
        },
        ["harmless credential-ends-later"],
    ],
    [
        "a disabled token",
        {},
        { consumers: [labTokens, { ...nlpTokens, credentials: [{ ...nlpTokens.credentials[0], enabled: false }] }] },
        ["breaks-callers credential-revoked"],
    ],
    [
        "a rotated secret",
        {},
        {
            consumers: [
                labTokens,
                {
                    ...nlpTokens,
                    credentials: [
                        { ...nlpTokens.credentials[0], secretVersion: 2, previousSecretExpires: "2026-12-20" },
                    ],
                },
            ],
        },
        ["risk credential-rotated"],
    ],
    [
        "another name",
        {},
        { hostname: "other.example.com" },
        [
            "breaks-callers access-removed",
            "breaks-callers access-changed",
            "risk route-changed",
            "harmless access-added",
        ],
    ],
    ["browser checks", {}, { browserChecks: "keep" }, ["breaks-callers request-rejected"]],
    ["mail to operators", {}, { notify: ["ops@example.com"] }, []],
];

/** Makes a program run only once for each config, because its runs take most of this file's time. */
function once(program: (values: Values) => Promise<Seen[]>): (values: Values) => Promise<Seen[]> {
    const known = new Map<string, Promise<Seen[]>>();
    return (values) => {
        const key = JSON.stringify(values);
        if (!known.has(key)) known.set(key, program(values));
        return known.get(key)!;
    };
}

const TABLES: [string, (values: Values) => Promise<Seen[]>, Scenario[]][] = [
    ["intra-a", once((values) => recordStack("rampart", values)), INTRA],
    ["cloudflare", once(recordCloudflare), CLOUDFLARE],
];

for (const [option, program, scenarios] of TABLES)
    describe(`review of option ${option}`, () => {
        for (const [what, before, after, expected] of scenarios)
            it(`reports for ${what}: ${expected.join(", ") || "no finding"}`, async () => {
                assertCodes(found(await program(before), await program(after)), expected);
            });
    });

describe("review of other options", () => {
    it("reports each effect once, although several resources are part of it", async () => {
        const revoked = await recordStack("rampart", {
            consumers: [{ ...lab, credentials: [lab.credentials[0]] }, nlp],
        });
        const findings = found(await recordStack("rampart"), revoked);
        assert.deepEqual(
            findings.map(({ says }) => says),
            ["Credential lab/2026b stops working"],
        );
    });

    it("with installer helm and several pods, reports that another image replaces pods one by one", async () => {
        const image = { repository: "apache/apisix", tag: "3.18.1-ubuntu" };
        const changed = parseInter(interValues({}, { installer: "helm", crds: ["crds.yaml"], image }));
        const findings = found(await recordInter(interSettings("helm")), await recordInter(changed));
        assert.deepEqual(codes(findings), ["risk pods-restart"]);
    });

    it("of a new stack reports no interruption and no opening", async () => {
        const rateLimit = { requests: 60, perSeconds: 10 };
        const stacks = [
            await recordStack("helm"),
            await recordExposed("rampart"),
            await recordInter(interSettings("helm")),
            await recordCloudflare({ rateLimit }),
        ];
        for (const stack of stacks)
            assert.doesNotMatch(codes(found([], stack)).join("\n"), /breaks-callers/, stack[0].type);
        const limited = found(await recordCloudflare(), stacks[3]);
        assert.deepEqual(codes(limited), ["breaks-callers request-rejected"]);
    });

    it("from exposure direct to tunnel reports that the ports of the nodes close", async () => {
        const findings = found(await recordStack("rampart"), await recordExposed("rampart"));
        const removed = findings.filter(({ code }) => code === "access-removed").map(({ says }) => says);
        assert.match(removed.join("\n"), /port 30800 of the nodes closes/);
    });

    it("reports that metrics of connectors replace these one by one, and open their port only to scrapers", async () => {
        const metrics = { metrics: OBSERVED.metrics };
        const findings = found(
            await recordExposed("existing"),
            await recordExposed("existing", { observability: metrics }),
        );
        assertCodes(findings, ["risk network-narrowed", "risk pods-restart"]);
    });

    it("from intra-a to cloudflare names every caller and the gateway", async () => {
        const findings = found(await recordStack("rampart"), await recordCloudflare());
        assert.deepEqual(codes(findings).slice(0, 4), [
            "breaks-callers data-deleted",
            "breaks-callers gateway-deleted",
            "breaks-callers access-removed",
            "breaks-callers caller-removed",
        ]);
        const callers = findings.filter(({ code }) => code === "caller-removed").map(({ says }) => says);
        assert.deepEqual(
            callers,
            ["lab", "nlp"].map((name) => `Caller ${name} loses access, with all its credentials`),
        );
    });
});
