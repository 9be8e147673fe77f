// Proves what a review reports for a change of gateways by Helm, several nodes, a tunnel, TLS and a conversion. Every pair is
// the real program run with two configs, as in scenarios.test.ts.
import type { Seen } from "../../../../kit";
import { certificate, type Pair } from "../../../../certificates";
import { assertCodes } from "../../../../findings";
import type { Stage } from "../../../../../components/opt/conversion-phases";
import { node, recordNodes, THREE } from "../../../kit/cluster-nodes";
import { interValues, parseInter, recordInter } from "../../../kit/inter";
import { EXPOSURE, recordExposed, recordStack } from "../../../kit/intra-a";
import { intraBValues, recordIntraB } from "../../../kit/intra-b";
import { found } from "./programs";

const azure = { hostname: "llm.example.com", addresses: ["20.50.2.11"] };
const NEWER = { repository: "apache/apisix", tag: "3.18.1-ubuntu" };
/** Two certificates for the name of the service. */
let pairs: Pair[];

/** Keys of a stack that serves TLS. @param more other keys of `tls` */
const tls = (more: object = {}, files = pairs[0]) => ({ azure, tls: { certificate: { files }, ...more } });
const inter = (values: object = {}, gateway: object = {}) =>
    recordInter(parseInter(interValues({ alpa: { endpoints: EXPOSURE.alpa.endpoints }, ...values }, gateway)));
const byHelm = (gateway: object = {}) =>
    recordStack("helm", { gateway: { installer: "helm", crds: ["crds.yaml"], ...gateway } });
const connectors = (more: object) => recordExposed("rampart", { tunnel: { ...EXPOSURE.tunnel, ...more } });
const stack = (values: object = {}) => recordStack("rampart", { ...values });
const exposed = (values: object = {}) => recordExposed("rampart", { ...values });

type Scenario = [what: string, before: () => Promise<Seen[]>, after: () => Promise<Seen[]>, findings: string[]];

const SCENARIOS: Scenario[] = [
    [
        "a removed node",
        () => recordNodes({ nodes: [...THREE, node(4, { role: "worker" })] }),
        () => recordNodes({ nodes: THREE }),
        ["breaks-callers data-deleted", "risk host-changed"],
    ],
    [
        "one more pod of three",
        () => inter({}, { replicas: 3 }),
        () => inter({}, { replicas: 4 }),
        ["harmless gateway-changed"],
    ],
    [
        "counters that allow requests while they are down",
        () => inter(),
        () => inter({}, { sharedCounters: { whenDown: "allow" } }),
        ["risk limit-changed"],
    ],
    ["another image of several pods", () => inter(), () => inter({}, { image: NEWER }), ["risk pods-restart"]],
    [
        "a tunnel in front of several pods",
        () => inter({}, { installer: "helm", crds: ["crds.yaml"] }),
        () => inter(EXPOSURE, { installer: "helm", crds: ["crds.yaml"], address: undefined }),
        [
            "breaks-callers access-removed",
            "breaks-callers timeout-lowered",
            "risk timeout-lowered",
            "risk network-narrowed",
            "risk pods-restart",
            "harmless network-narrowed",
            "harmless access-added",
            "harmless added",
            "harmless changed-inside",
        ],
    ],
    [
        "another version of the chart",
        () => byHelm(),
        () => byHelm({ chart: { version: "2.14.1" } }),
        ["breaks-callers service-interrupted"],
    ],
    [
        "another image of the only pod",
        () => byHelm(),
        () => byHelm({ image: NEWER }),
        ["breaks-callers service-interrupted"],
    ],
    [
        "more pods, with counters of their own",
        () => byHelm(),
        () => byHelm({ replicas: 2, sharedCounters: { whenDown: "refuse" } }),
        ["risk limit-changed", "harmless network-narrowed", "harmless gateway-changed", "harmless added"],
    ],
    ["another port", () => byHelm(), () => byHelm({ nodePort: 30900 }), ["breaks-callers access-changed"]],
    ["more connectors", () => exposed(), () => connectors({ connectors: 3 }), ["harmless gateway-changed"]],
    ["one connector", () => exposed(), () => connectors({ connectors: 1 }), ["risk gateway-changed"]],
    [
        "another version of the connectors",
        () => exposed(),
        () => connectors({ image: { tag: "2026.9.0" } }),
        ["risk pods-restart"],
    ],
    [
        "a port of the nodes in addition to the tunnel",
        () => exposed(),
        () => exposed({ gateway: { nodePort: 30800 } }),
        ["breaks-callers opens-to-network", "risk opens-to-network"],
    ],
    [
        "ports of the nodes instead of a tunnel",
        () => exposed(),
        () => stack({ azure }),
        [
            "breaks-callers opens-to-network",
            "breaks-callers access-removed",
            "breaks-callers request-rejected",
            "risk opens-to-network",
            "harmless timeout-raised",
        ],
    ],
    [
        "a tunnel instead of ports of the nodes",
        () => stack({ azure }),
        () => exposed(),
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
        () => stack(),
        () => stack(tls()),
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
        () => stack(),
        () => stack(tls({ redirect: false })),
        [
            "breaks-callers service-interrupted",
            "risk opens-to-network",
            "risk errors-changed",
            "risk certificate-changed",
            "harmless access-added",
        ],
    ],
    ["another certificate", () => stack(tls()), () => stack(tls({}, pairs[1])), ["risk certificate-changed"]],
    [
        "TLS 1.3 alone",
        () => stack(tls()),
        () => stack(tls({ minimumVersion: "1.3" })),
        ["breaks-callers access-removed", "breaks-callers service-interrupted", "risk certificate-changed"],
    ],
    [
        "HTTP that redirects to HTTPS",
        () => stack(tls({ redirect: false })),
        () => stack(tls()),
        ["breaks-callers access-changed"],
    ],
    [
        "TLS removed",
        () => stack(tls({ redirect: false })),
        () => stack(),
        [
            "breaks-callers access-removed",
            "breaks-callers service-interrupted",
            "risk errors-changed",
            "risk network-narrowed",
            "risk certificate-changed",
        ],
    ],
];

describe("review of other gateways", () => {
    before(async () => {
        pairs = await Promise.all([certificate([azure.hostname]), certificate([azure.hostname])]);
    });
    for (const [what, before, after, expected] of SCENARIOS)
        it(`reports for ${what}: ${expected.join(", ") || "no finding"}`, async () =>
            assertCodes(found(await before(), await after()), expected));
});

describe("review of a conversion", () => {
    const built = new Map<Stage, Promise<Seen[]>>();
    const at = (stage: Stage) => {
        const run = () => (stage === "intra-a" ? stack({ alpa: intraBValues().alpa }) : recordIntraB(stage));
        if (!built.has(stage)) built.set(stage, run());
        return built.get(stage)!;
    };
    const config = (phase: Stage) =>
        phase === "intra-a"
            ? undefined
            : { "alpa-auth:option": "intra-b", "alpa-auth:convert": JSON.stringify({ phase }) };

    // From `drain` to `switch` callers get 503: Alpa stops and starts while no request reaches it.
    const steps: [from: Stage, to: Stage, expected: string[]][] = [
        ["intra-a", "prepare", ["harmless network-narrowed", "harmless access-added", "harmless added"]],
        ["prepare", "intra-a", ["risk deleted", "harmless changed-inside"]],
        ["prepare", "drain", ["breaks-callers service-interrupted"]],
        ["drain", "prepare", ["harmless access-added"]],
        ["drain", "stop", ["risk alpa-stopped", "harmless changed-inside"]],
        ["stop", "drain", ["risk alpa-started", "harmless changed-inside"]],
        ["stop", "start", ["risk upstream-replaced", "risk alpa-started"]],
        ["start", "stop", ["risk alpa-stopped", "risk upstream-replaced"]],
        ["start", "verify", []],
        ["verify", "start", []],
        ["verify", "switch", ["harmless access-added"]],
        ["switch", "verify", ["breaks-callers service-interrupted"]],
        ["switch", "done", ["risk host-changed"]],
        ["done", "switch", ["risk host-changed"]],
    ];
    for (const [from, to, expected] of steps)
        it(`reports from ${from} to ${to}: ${expected.join(", ") || "no finding"}`, async () =>
            assertCodes(found(await at(from), await at(to), config(to)), expected));
});
