// Proves what a review reports for changes of stacks in the sandbox. The real engine and Kubernetes provider created
// the previews. `npm run record` records the previews again.
import { recordedSet, type Expected } from "./recorded-set";

/** Severity and code, the most dangerous first, of each preview of a set. */
const FINDINGS: Record<string, Expected> = {
    inter: {
        nothing: [],
        "a removed node": ["breaks-callers data-deleted", "risk host-changed"],
        "one more pod of the gateway": ["harmless gateway-changed"],
        // Callers without limits do not notice the counters.
        "counters that allow requests while they are down": [],
        "another image": ["risk pods-restart"],
        "a removed Alpa outside of the cluster": ["risk upstream-removed", "risk host-changed"],
        "one more Alpa outside of the cluster": ["risk upstream-added", "risk host-changed"],
        "no TLS": [
            "breaks-callers access-removed",
            "risk network-narrowed",
            "risk pods-restart",
            "risk certificate-changed",
        ],
        "a tunnel instead of TLS": [
            "breaks-callers access-removed",
            "breaks-callers timeout-lowered",
            "risk timeout-lowered",
            "risk network-narrowed",
            "risk pods-restart",
            "risk certificate-changed",
            "harmless network-narrowed",
            "harmless access-added",
            "harmless added",
        ],
    },
    helm: {
        nothing: [],
        // The stack has one pod of APISIX, which is the default.
        "another version of the chart": ["breaks-callers service-interrupted"],
        "another image": ["breaks-callers service-interrupted"],
        "more pods, with counters of their own": [
            "risk limit-changed",
            "harmless network-narrowed",
            "harmless gateway-changed",
            "harmless added",
        ],
        "another port": ["breaks-callers access-changed"],
    },
    exposure: {
        nothing: [],
        "more connectors": ["harmless gateway-changed"],
        "one connector": ["risk gateway-changed"],
        "another version of the connectors": ["risk pods-restart"],
        "a port of the nodes in addition to the tunnel": ["breaks-callers opens-to-network", "risk opens-to-network"],
        "from the tunnel to the nodes": [
            "breaks-callers opens-to-network",
            "breaks-callers access-removed",
            "breaks-callers request-rejected",
            "risk opens-to-network",
            "harmless timeout-raised",
        ],
        "from the nodes to the tunnel": [
            "breaks-callers access-removed",
            "breaks-callers timeout-lowered",
            "risk network-narrowed",
            "harmless network-narrowed",
            "harmless access-added",
            "harmless added",
        ],
    },
    tls: {
        "TLS where there was none": [
            "breaks-callers access-changed",
            "breaks-callers service-interrupted",
            "risk opens-to-network",
            "risk certificate-changed",
            "harmless access-added",
        ],
        "TLS in addition to HTTP": [
            "breaks-callers service-interrupted",
            "risk opens-to-network",
            "risk certificate-changed",
            "harmless access-added",
        ],
        "another certificate": ["risk certificate-changed"],
        "TLS 1.3 alone": [
            "breaks-callers access-removed",
            "breaks-callers service-interrupted",
            "risk certificate-changed",
        ],
        "HTTP that redirects to HTTPS": ["breaks-callers access-changed", "risk certificate-changed"],
        "TLS removed": [
            "breaks-callers access-removed",
            "breaks-callers service-interrupted",
            "risk network-narrowed",
            "risk certificate-changed",
        ],
    },
    // From `drain` to `switch` callers get 503: Alpa stops and starts while no request reaches it.
    "intra-b": {
        // Without the state, another policy may already select the pods of the component.
        "from intra-a to prepare": [
            "risk opens-to-network",
            "harmless network-narrowed",
            "harmless access-added",
            "harmless added",
        ],
        "from prepare to intra-a": ["risk deleted", "harmless changed-inside"],
        "from prepare to drain": ["breaks-callers service-interrupted"],
        "from drain to prepare": ["harmless access-added"],
        "from drain to stop": ["risk alpa-stopped"],
        "from stop to drain": ["risk alpa-started", "risk unknown-until-apply"],
        "from stop to start": ["risk upstream-replaced", "risk alpa-started"],
        "from start to stop": ["risk alpa-stopped", "risk upstream-replaced"],
        "from start to verify": [],
        "from verify to start": [],
        "from verify to switch": ["harmless access-added"],
        "from switch to verify": ["breaks-callers service-interrupted"],
        "from switch to done": ["risk host-changed"],
        "from done to switch": ["risk host-changed"],
    },
};

/** The conversion was recorded with a program whose route and commands had another form. */
const BREAKS: Record<string, string[]> = { "intra-b": ["route-requires-credential", "scripts-listed"] };

for (const [set, expected] of Object.entries(FINDINGS)) recordedSet(set, expected, BREAKS[set]);
