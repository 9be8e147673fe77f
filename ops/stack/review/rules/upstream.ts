/** The Alpa services that requests go to: ApisixUpstream. */
import { mapsOf } from "../../../../policy/resources/values";
import type { Change } from "../changes";
import type { Difference } from "../differences";
import { always, goes, objectName, when, type KindRule, type Run, type Verdict, type Verdicts } from "../rule";
import { timeoutVerdicts } from "../timeouts";
import { listed } from "../values-text";

export const upstream: KindRule = {
    created: (change) => ({ code: "added", says: `Upstream ${objectName(change)} is created` }),
    deleted: (change, run) =>
        /-nowhere$/.test(objectName(change))
            ? closed(change, run)
            : {
                  code: "access-removed",
                  says: `Upstream ${objectName(change)} is deleted: requests routed to it get 503`,
              },
    replaced: (change) => ({
        code: "service-interrupted",
        says: `Upstream ${objectName(change)} is deleted and created again: callers get 503 meanwhile`,
    }),
    rows: [
        ["spec.externalNodes", nodes],
        [
            "spec.timeout",
            ({ old, new: now }, change) =>
                timeoutVerdicts(`Upstream ${objectName(change)}: `, "spec.timeout", old, now),
        ],
        ["spec.retries", retries],
        ["spec.loadbalancer", spread],
        [
            "spec.healthCheck",
            always("route-changed", (change) => `Upstream ${objectName(change)}: health checks of the services change`),
        ],
        [
            "spec.ingressClassName",
            // A route can use an upstream of any ingress class. The class only makes the ingress controller wait for the
            // upstream.
            ({ new: now }, change) => ({
                code: now === undefined ? "changed-inside" : "gateway-changed",
                says: `Upstream ${objectName(change)}: the ingress controller ${now === undefined ? "no longer waits" : "waits"} 5 minutes for it after each start`,
            }),
        ],
        [
            "spec.scheme",
            always(
                "upstream-replaced",
                (change) => `Upstream ${objectName(change)}: the gateway speaks another protocol to Alpa`,
            ),
        ],
    ],
};

/** Judges a deleted upstream of rules that only reject requests. It has no effect if their route is deleted too. */
function closed(change: Change, { changes }: Run): Verdicts {
    if (changes.some((other) => other.kind === "kubernetes ApisixRoute" && goes(other))) return undefined;
    return {
        code: "protection-weakened",
        says: `Upstream ${objectName(change)}, which receives the requests to closed paths, is deleted`,
    };
}

function nodes({ old, new: now }: Difference, change: Change): Verdict[] {
    const [before, after] = [nodeMap(old), nodeMap(now)];
    const title = `Upstream ${objectName(change)}`;
    const gone = [...before.keys()].filter((node) => !after.has(node));
    const more = [...after.keys()].filter((node) => !before.has(node));
    const weights = [...after]
        .filter(([node, weight]) => before.has(node) && before.get(node) !== weight)
        .map(([node]) => node);
    const property = "spec.externalNodes";
    const sides = { property, old: [...before.keys()], new: [...after.keys()] };
    if (gone.length === before.size && gone.length > 0)
        return [
            {
                code: "upstream-replaced",
                says: `${title}: all requests go to ${listed(more) || "no service"}`,
                ...(more.length === 0 && { severity: "breaks-callers" as const }),
                ...sides,
            },
        ];
    return [
        ...when(gone.length > 0, {
            code: "upstream-removed",
            says: `${title}: ${listed(gone)} no longer gets requests`,
            ...sides,
        }),
        ...when(more.length > 0, {
            code: "upstream-added",
            says: `${title}: ${listed(more)} gets requests too`,
            ...sides,
        }),
        ...when(weights.length > 0, {
            code: "upstream-added",
            says: `${title}: ${listed(weights)} gets another share of the requests`,
            property,
            old: [...before.values()],
            new: [...after.values()],
        }),
        // The order of the services only decides which of them gets the first request.
        ...when(gone.length + more.length + weights.length === 0, {
            code: "changed-inside",
            says: `${title}: the same services in another notation`,
        }),
    ];
}

function nodeMap(value: unknown): Map<string, unknown> {
    return new Map(mapsOf(value).map(({ name, port, weight }) => [`${String(name)}:${String(port)}`, weight]));
}

function retries({ old, new: now }: Difference, change: Change): Verdict {
    const more = Number(now ?? 1) > Number(old ?? 0);
    const title = `Upstream ${objectName(change)}`;
    return more
        ? {
              code: "protection-weakened",
              says: `${title}: a failed request is sent again, and costs the GPU time twice`,
          }
        : { code: "changed-inside", says: `${title}: a failed request is not sent again` };
}

function spread(_: Difference, change: Change): Verdict {
    return {
        code: "route-changed",
        says: `Upstream ${objectName(change)}: callers are distributed to the services differently; /logprobs may lose its cache for a caller`,
    };
}
