/** Objects around a gateway in the cluster. */
import { WHEN_DOWN, type WhenDown } from "../../../../components/apisix/open-requests";
import { at, textOf } from "../../../../policy/resources/values";
import type { Change } from "../changes";
import type { Difference } from "../differences";
import { always, nothing, objectName, objectTitle as title, type KindRule, type Run, type Verdict } from "../rule";
import { comeAlong, podCount } from "./pods";

export const namespace: KindRule = {
    deleted: (change) => ({
        code: "data-deleted",
        says: `Namespace ${objectName(change)} is deleted with everything in it`,
    }),
    replaced: (change) => ({
        code: "data-deleted",
        says: `Namespace ${objectName(change)} is deleted with all objects in it, and created again`,
    }),
    rows: [["metadata.name", nothing]],
};

/** GatewayProxy, IngressClass, GatewayClass, Gateway: the objects that bind routes and callers to one gateway. */
export const wiring: KindRule = {
    deleted: (change) => ({
        code: "gateway-deleted",
        says: `${title(change)} is deleted: the gateway no longer receives routes and callers`,
    }),
    replaced: (change) => ({
        code: "service-interrupted",
        says: `${title(change)} is deleted and created again: routes and callers may be missing meanwhile`,
    }),
    rows: [
        [
            "spec.pluginMetadata.prometheus",
            always("changed-inside", (change) => `${title(change)}: metrics are added, removed or get other labels`),
        ],
        [
            "spec.**",
            always(
                "gateway-changed",
                (change) => `${title(change)}: the gateway receives routes and callers differently`,
            ),
        ],
    ],
};

export const budget: KindRule = {
    deleted: (change, run) =>
        comeAlong(run, "delete", change, at(change.old, "spec.selector.matchLabels"))
            ? undefined
            : {
                  code: "protection-weakened",
                  says: `${title(change)} is deleted: a drain may evict all pods at once`,
              },
    replaced: nothing,
    rows: [
        [
            "spec.**",
            always(
                "protection-weakened",
                (change) => `${title(change)}: the number of pods that may be down at the same time changes`,
            ),
        ],
    ],
};

/** Deployments of this project: connectors and counters. */
export const deployment: KindRule = {
    deleted: (change, run) =>
        isCounters(change)
            ? isUnused(run)
                ? undefined
                : counters(run, "is deleted")
            : {
                  code: "access-removed",
                  says: `${title(change)} is deleted: the service behind it is no longer reachable`,
              },
    replaced: (change, run) =>
        isCounters(change)
            ? counters(run, "is down")
            : { code: "service-interrupted", says: `${title(change)} is deleted and created again` },
    rows: [
        ["spec.replicas", fewer],
        ["spec.template.**", (_, change) => (isCounters(change) ? RESTARTED : rolled(change))],
        ["spec.strategy.**", always("gateway-changed", (change) => `${title(change)}: pods are replaced differently`)],
    ],
};

const isCounters = (change: Change) => /-counters$/.test(objectName(change));

/** The new pod is ready before the old one stops. */
const RESTARTED: Verdict = {
    code: "pods-restart",
    says: "The counter server of the limits moves to a new pod: all counts restart",
};

/** Effect on callers with limits while the counters are down. */
const MEANWHILE: Record<WhenDown, Omit<Verdict, "property">> = {
    "each-pod": {
        code: "pods-restart",
        says: "meanwhile each gateway pod counts requests on its own and does not limit open requests; then all counts restart",
    },
    allow: { code: "pods-restart", says: "meanwhile no limit is enforced; then all counts restart" },
    refuse: { code: "service-interrupted", says: "callers with limits get 500 meanwhile; then all counts restart" },
};

/** Verdict about the counter server. If the config does not say what happens without it, callers are rejected. */
function counters({ config }: Run, does: string): Verdict {
    const gateway = config["alpa-auth:gateway"] ?? "";
    const chosen = /"whenDown":\s*"([-a-z]+)"/.exec(gateway)?.[1];
    const unset = gateway.includes('"sharedCounters"') ? "each-pod" : "refuse";
    const { says, ...verdict } = MEANWHILE[WHEN_DOWN.find((one) => one === chosen) ?? unset];
    return { ...verdict, says: `The counter server of the limits ${does}: ${says}` };
}

/** Whether the run moves callers away from the counters. Pulumi deletes the counters last, so no caller uses them then. */
function isUnused({ changes }: Run): boolean {
    const isCounted = (props: Change["old"]) => JSON.stringify(props ?? {}).includes('"policy":"redis"');
    return changes.some(
        ({ kind, old, new: now }) =>
            kind === "kubernetes Consumer" && now !== undefined && isCounted(old) && !isCounted(now),
    );
}

function rolled(change: Change): Verdict {
    const replicas = Number(at(change.new, "spec.replicas") ?? 1);
    return replicas > 1
        ? { code: "pods-restart", says: `${title(change)}: its pods are replaced, one after another` }
        : { code: "service-interrupted", says: `${title(change)}: its only pod restarts` };
}

function fewer(difference: Difference, change: Change): Verdict {
    return podCount(difference, title(change), () => ({
        code: "service-interrupted",
        says: `${title(change)}: no pod is left (${String(difference.old ?? 1)} before)`,
    }));
}

export const definition: KindRule = {
    deleted: (change) => ({
        code: "data-deleted",
        says: `${title(change)} is deleted, and with it every object of its kind in the cluster`,
    }),
    replaced: (change) => ({
        code: "data-deleted",
        says: `${title(change)} is deleted with every object of its kind, and created again`,
    }),
    rows: [["spec.**", always("gateway-changed", (change) => `${title(change)}: the CRD changes to another version`)]],
};

/** The provider: access to the cluster or the account. */
export const provider: KindRule = {
    created: nothing,
    deleted: nothing,
    replaced: (change) => ({
        code: "service-interrupted",
        says: `Provider ${change.name} changes: all of its resources are created again`,
    }),
    rows: [
        ["version", nothing],
        ["pluginDownloadURL", nothing],
        // Another cluster is a change of the stack's identity, which has its own finding.
        ["clusterIdentifier", nothing],
        [
            "kubeconfig",
            always(
                "changed-inside",
                (change) => `Provider ${change.name}: another login of the same cluster is stored`,
            ),
        ],
        [
            "**",
            always(
                "other-change",
                (change) => `Provider ${change.name}: Pulumi connects to the cluster or the account differently`,
            ),
        ],
    ],
};

/** What the stack is bound to, for example its cluster. */
export const identity: KindRule = {
    created: nothing,
    deleted: nothing,
    replaced: nothing,
    rows: [
        [
            "identities.*",
            ({ old, new: now, path }) => {
                if (old === undefined || now === undefined) return undefined;
                const [before, after] = [old, now].map((one) => `${textOf(at(one, "at"))} (${textOf(at(one, "id"))})`);
                return { code: "stack-moved", says: `The stack moves: ${String(path[1])} ${before} becomes ${after}` };
            },
        ],
        ["**", nothing],
    ],
};
