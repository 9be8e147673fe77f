// Proves what a review reports for changes of stacks of other options, and for each step of a conversion, as
// scenarios.test.ts does for intra-a and cloudflare.
import { PHASES } from "../../../../../components/opt/conversion-phases";
import { certificate } from "../../../../certificates";
import { assertCodes } from "../../../../findings";
import type { Seen } from "../../../../kit";
import { EXPOSURE, recordExposed, recordStack } from "../../../kit/intra-a";
import { interValues, parseInter, recordInter } from "../../../kit/inter";
import { recordIntraB } from "../../../kit/intra-b";
import { found } from "./programs";

type Program = () => Promise<Seen[]>;
type Scenario = [what: string, before: Program, after: Program, findings: string[]];

const helm = (gateway: object = {}) =>
    recordStack("helm", { gateway: { installer: "helm", crds: ["crds.yaml"], ...gateway } });
const inter = (values: object = {}, gateway: object = {}) =>
    recordInter(parseInter(interValues({ ...values }, { installer: "helm", crds: ["crds.yaml"], ...gateway })));
const alpas = (...endpoints: unknown[]) => inter({ alpa: { endpoints: ["10.0.0.11:20001", ...endpoints] } });
const SECOND = { address: "10.0.0.12:20001", weight: 3 };
const image = { repository: "apache/apisix", tag: "3.18.1-ubuntu" };
const exposed = (tunnel: object = {}) => recordExposed("rampart", { tunnel: { ...EXPOSURE.tunnel, ...tunnel } });

let files: Promise<object> | undefined;
/** A gateway with a certificate. @param more additional keys of `tls` */
async function secure(more: object = {}): Promise<Seen[]> {
    files ??= certificate(["llm.example.com"]);
    const azure = { hostname: "llm.example.com", addresses: ["20.50.2.10"] };
    return recordStack("rampart", { azure, tls: { certificate: { files: await files }, ...more } });
}

const SCENARIOS: Scenario[] = [
    [
        "another image of a gateway by Helm with one pod",
        helm,
        () => helm({ image }),
        ["breaks-callers service-interrupted"],
    ],
    ["another port of a gateway by Helm", helm, () => helm({ nodePort: 30900 }), ["breaks-callers access-changed"]],
    [
        "more pods, with counters of their own",
        helm,
        () => helm({ replicas: 2, sharedCounters: { whenDown: "refuse" } }),
        ["risk limit-changed", "harmless network-narrowed", "harmless gateway-changed", "harmless added"],
    ],
    ["one more pod of the gateway", inter, () => inter({}, { replicas: 4 }), ["harmless gateway-changed"]],
    [
        "counters that allow requests while they are down",
        inter,
        () => inter({}, { sharedCounters: { whenDown: "allow" } }),
        ["risk limit-changed"],
    ],
    [
        "one more Alpa outside of the cluster",
        () => alpas(SECOND),
        () => alpas(SECOND, "10.0.0.13:20001"),
        ["risk upstream-added"],
    ],
    [
        "a removed Alpa outside of the cluster",
        () => alpas(SECOND),
        () => alpas(),
        ["risk upstream-removed", "risk route-changed"],
    ],
    ["more connectors", exposed, () => exposed({ connectors: 3 }), ["harmless gateway-changed"]],
    ["one connector", exposed, () => exposed({ connectors: 1 }), ["risk gateway-changed"]],
    [
        "from the tunnel to the nodes",
        exposed,
        () => recordStack("rampart"),
        [
            "breaks-callers opens-to-network",
            "breaks-callers access-removed",
            "breaks-callers request-rejected",
            "risk opens-to-network",
            "harmless timeout-raised",
        ],
    ],
    [
        "from the nodes to the tunnel",
        () => recordStack("rampart"),
        exposed,
        [
            "breaks-callers access-removed",
            "breaks-callers timeout-lowered",
            "risk network-narrowed",
            "harmless network-narrowed",
            "harmless access-added",
            "harmless added",
        ],
    ],
    [
        "TLS where there was none",
        () => recordStack("rampart"),
        () => secure(),
        [
            "breaks-callers access-changed",
            "breaks-callers service-interrupted",
            "risk opens-to-network",
            "risk errors-changed",
            "risk certificate-changed",
            "harmless access-added",
        ],
    ],
    [
        "TLS in addition to HTTP",
        () => recordStack("rampart"),
        () => secure({ redirect: false }),
        [
            "breaks-callers service-interrupted",
            "risk opens-to-network",
            "risk errors-changed",
            "risk certificate-changed",
            "harmless access-added",
        ],
    ],
    [
        "TLS 1.3 alone",
        () => secure(),
        () => secure({ minimumVersion: "1.3" }),
        ["breaks-callers access-removed", "breaks-callers service-interrupted", "risk certificate-changed"],
    ],
    [
        "HTTP that redirects to HTTPS",
        () => secure({ redirect: false }),
        () => secure(),
        ["breaks-callers access-changed"],
    ],
    [
        "TLS removed",
        () => secure(),
        () => recordStack("rampart"),
        [
            "breaks-callers access-removed",
            "breaks-callers service-interrupted",
            "risk errors-changed",
            "risk protection-weakened",
            "risk network-narrowed",
            "risk certificate-changed",
        ],
    ],
];

describe("review of other options", () => {
    for (const [what, before, after, expected] of SCENARIOS)
        it(`reports for ${what}: ${expected.join(", ") || "no finding"}`, async () =>
            assertCodes(found(await before(), await after()), expected));
});

/** Findings of each step, and of the step back. From `drain` to `switch` callers get 503. */
const STEPS: Record<string, string[]> = {
    // Without the state, another policy may already select the pods of the component.
    "intra-a to prepare": ["harmless network-narrowed", "harmless access-added", "harmless added"],
    "prepare to intra-a": ["risk deleted", "harmless changed-inside"],
    "prepare to drain": ["breaks-callers service-interrupted"],
    "drain to prepare": ["harmless access-added"],
    "drain to stop": ["risk alpa-stopped", "harmless changed-inside"],
    "stop to drain": ["risk alpa-started", "harmless changed-inside"],
    "stop to start": ["risk upstream-replaced", "risk alpa-started"],
    "start to stop": ["risk alpa-stopped", "risk upstream-replaced"],
    "start to verify": [],
    "verify to start": [],
    "verify to switch": ["harmless access-added"],
    "switch to verify": ["breaks-callers service-interrupted"],
    "switch to done": ["risk host-changed"],
    "done to switch": ["risk host-changed"],
};

describe("review of a conversion", () => {
    const stages: Record<string, Program> = {
        "intra-a": () => recordStack("rampart", { alpa: { endpoints: ["10.0.0.11:20001"] } }),
        ...Object.fromEntries(PHASES.map((phase): [string, Program] => [phase, () => recordIntraB(phase)])),
    };
    for (const [step, expected] of Object.entries(STEPS))
        it(`reports from ${step}: ${expected.join(", ") || "no finding"}`, async () => {
            const [from, to] = step.split(" to ");
            const config = { "alpa-auth:option": "intra-b", "alpa-auth:convert": JSON.stringify({ phase: to }) };
            assertCodes(found(await stages[from](), await stages[to](), config), expected);
        });
});
