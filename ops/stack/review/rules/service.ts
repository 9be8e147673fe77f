/** Services: the sources that can reach their pods. */
import { isDeepStrictEqual } from "node:util";
import { waysFromOutside } from "../../../../policy/resources/network";
import { at, isUnknown, list, map, mapsOf } from "../../../../policy/resources/values";
import type { Change } from "../changes";
import { always, objectTitle as title, when, type KindRule, type Verdict } from "../rule";
import { listed, shown } from "../values-text";
import { comeAlong, goesWithRay } from "./pods";

export const service: KindRule = {
    created: (change) => {
        const spec = map(change.new?.spec);
        const how = waysFromOutside(spec).join(", ");
        if (how === "" && !isUnknown(spec.type)) return { code: "added", says: `${title(change)} is created` };
        return {
            code: "opens-to-network",
            says: `${title(change)} is created and reachable from outside the cluster (${how || "known when applied"}): ports ${portsText(spec.ports)}`,
        };
    },
    deleted: (change, run) =>
        // The deletion of the Service's pods has its own finding.
        goesWithRay(run, change) || comeAlong(run, "delete", change, at(change.old, "spec.selector"))
            ? undefined
            : { code: "access-removed", says: `${title(change)} is deleted` },
    replaced: (change) => ({
        code: "service-interrupted",
        says: `${title(change)} is deleted and created again, with another address`,
    }),
    rows: [
        ["spec.type", ({ old, new: now }, change) => outside(change, reachOf(old), reachOf(now), "spec.type")],
        ["spec.externalIPs", ({ old, new: now }, change) => addresses(change, old, now)],
        // A missing or empty list admits every address.
        [
            "spec.loadBalancerSourceRanges",
            ({ old, new: now }, change) => addresses(change, hasAny(old) ? old : EVERY, hasAny(now) ? now : EVERY),
        ],
        [
            "spec.ports",
            ({ old, new: now }, change) =>
                isOutside(change)
                    ? isFewer(old, now)
                        ? {
                              code: "access-removed",
                              says: `${title(change)} now has only ports ${portsText(now)}`,
                          }
                        : {
                              code: "opens-to-network",
                              says: `${title(change)} opens other ports: ${portsText(portsOf(change))}`,
                          }
                    : { code: "gateway-changed", says: `${title(change)} has other ports` },
        ],
        ["spec.**", always("gateway-changed", (change) => `${title(change)} selects other pods`)],
    ],
};

const EVERY = ["every address"];
/** Types of Service, ordered by how many sources can reach the pods: fewest first. An unknown type comes last. */
const REACH: unknown[] = ["ExternalName", "ClusterIP", "NodePort", "LoadBalancer"];
const reachOf = (type: unknown = "ClusterIP") => (REACH.includes(type) ? REACH.indexOf(type) : REACH.length);
const portsOf = ({ new: now }: Change) => at(now, "spec.ports");
const isOutside = ({ new: now }: Change) =>
    reachOf(at(now, "spec.type")) > reachOf() || hasAny(at(now, "spec.externalIPs"));

function outside(change: Change, old: number, now: number, property: string): Verdict {
    return now > old
        ? { code: "opens-to-network", says: `${title(change)} is reachable from more sources than before`, property }
        : { code: "access-removed", says: `${title(change)} is reachable from fewer sources than before`, property };
}

function addresses(change: Change, old: unknown, now: unknown): Verdict[] {
    const [before, after] = [old, now].map((side) => list(side).map(String));
    const more = before.includes(EVERY[0]) ? [] : after.filter((one) => !before.includes(one));
    const gone = before.filter((one) => !after.includes(one));
    return [
        ...when(more.length > 0, {
            code: "opens-to-network",
            says: `${title(change)} also accepts connections from ${listed(more)}`,
        }),
        ...when(gone.length > 0 && !more.includes(EVERY[0]), {
            code: "access-removed",
            says: `${title(change)} no longer accepts connections from ${listed(gone)}`,
        }),
    ];
}

/** Whether the new ports are a subset of the earlier ones. */
function isFewer(old: unknown, now: unknown): boolean {
    const [before, after] = [old, now].map(list);
    return after.length > 0 && after.every((one) => before.some((other) => isDeepStrictEqual(one, other)));
}

const hasAny = (value: unknown) => list(value).length > 0;

function portsText(ports: unknown): string {
    const all = mapsOf(ports).map(({ port, targetPort = port }) => `${shown(port)} to ${shown(targetPort)}`);
    return all.join(", ") || "of any number";
}
