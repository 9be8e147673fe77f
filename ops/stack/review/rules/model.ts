/** Alpa itself: as a component of the cluster, or on bare metal, where commands on hosts start and stop it. */
import { stateOf, PHASES, type Phase } from "../../../../components/opt/conversion-phases";
import { at } from "../../../../policy/resources/values";
import type { Change } from "../changes";
import type { Difference } from "../differences";
import { nothing, objectName, type KindRule, type Run, type Verdict } from "../rule";

/**
 * Whether callers get 503 from the gateway, by `gateway.closed` or in the current phase of a conversion. If so, stopping
 * Alpa interrupts no answer.
 */
function areRefused({ config }: Run): boolean {
    try {
        const { closed } = JSON.parse(config["alpa-auth:gateway"] ?? "{}") as { closed?: { enabled?: boolean } };
        if (closed?.enabled === true) return true;
        const { phase } = JSON.parse(config["alpa-auth:convert"]) as { phase?: Phase };
        return (
            config["alpa-auth:option"] === "intra-b" &&
            phase !== undefined &&
            PHASES.includes(phase) &&
            stateOf(phase).callers === "nowhere"
        );
    } catch {
        return false; // Without a phase it is unknown whether callers are served.
    }
}

export function stops(what: string, run: Run): Verdict {
    return interrupted(run, `${what} stops`, "requests that are routed to it get no answer");
}

function interrupted(run: Run, what: string, otherwise: string): Verdict {
    return areRefused(run)
        ? { code: "alpa-stopped", severity: "risk", says: `${what}; callers get 503 meanwhile` }
        : { code: "alpa-stopped", says: `${what}: ${otherwise}` };
}

export const starts = (what: string): Verdict => ({ code: "alpa-started", says: `${what} starts, and takes the GPUs` });

const component = (change: Change) => `Alpa in the cluster (${objectName(change)})`;
const isSuspended = (props: Change["old"]) => at(props, "spec.suspend") === true;

export const rayCluster: KindRule = {
    created: (change) =>
        isSuspended(change.new)
            ? { code: "added", says: `${component(change)} is created, and does not run yet` }
            : starts(component(change)),
    deleted: (change, run) =>
        isSuspended(change.old)
            ? { code: "changed-inside", says: `${component(change)} is deleted. It is not deployed, so no pod stops` }
            : stops(component(change), run),
    replaced: (change, run) => stops(component(change), run),
    rows: [
        [
            "spec.suspend",
            ({ new: now }, change, run) => (now === true ? stops(component(change), run) : starts(component(change))),
        ],
        [
            "spec.**",
            // A changed RayCluster deletes all its pods at once (docs/decisions/0013).
            (_, change, run) =>
                isSuspended(change.old) || isSuspended(change.new)
                    ? {
                          code: "changed-inside",
                          says: `${component(change)}: its graph changes, but is not deployed. So no pod changes`,
                      }
                    : interrupted(
                          run,
                          `${component(change)} is replaced`,
                          "callers get 502 or 503 until its model is loaded, unless gateway.closed answers them with Retry-After",
                      ),
        ],
    ],
};

/** DaemonSets that keep an image on the nodes. This project has no other DaemonSet. */
export const images: KindRule = {
    created: (change) => ofImages(change, { code: "added", says: `Nodes download an image (${objectName(change)})` }),
    deleted: (change) =>
        ofImages(change, { code: "changed-inside", says: `Nodes no longer hold the image of ${objectName(change)}` }),
    replaced: nothing,
    rows: [
        [
            "spec.**",
            (_, change) =>
                ofImages(change, {
                    code: "changed-inside",
                    says: `Nodes download a different image (${objectName(change)})`,
                }),
        ],
    ],
};

function ofImages(change: Change, verdict: Verdict): Verdict {
    if (/-images$/.test(objectName(change))) return verdict;
    return {
        code: "unknown-resource",
        says: `DaemonSet ${objectName(change)}: this review does not know a DaemonSet of that name`,
    };
}

const isStop = (create: unknown) => /\b(stop|silent)\b/.test(String(create));
const bootOf = (create: unknown) => /\bboot=(\S+)/.exec(String(create))?.[1];

/** Hosts on which Alpa runs without a cluster. Deleting their resource does not change Alpa. */
export const bareMetal = {
    is: ({ name }: Change) => /-bare-metal-/.test(name),
    created: ({ new: now }: Change, run: Run): Verdict =>
        isStop(now?.create)
            ? stops("Alpa on bare metal", run)
            : { code: "added", says: "the stack now manages Alpa on bare metal, which keeps running" },
    deleted: (): Verdict => ({
        code: "changed-inside",
        says: "the stack no longer manages Alpa on bare metal, and does not change it",
    }),
    changed({ path, old, new: now }: Difference, { name }: Change, run: Run): Verdict {
        const what = `${name}: Alpa on bare metal`;
        if (path[0] !== "create" || typeof now !== "string")
            return { code: "host-changed", says: `${what} is managed differently` };
        if (isStop(now) !== isStop(old))
            return isStop(now) ? stops("Alpa on bare metal", run) : starts("Alpa on bare metal");
        if (bootOf(old) !== bootOf(now))
            return {
                code: "host-changed",
                says: `${what} ${bootOf(now) === "never" ? "no longer starts" : "starts"} with its host`,
            };
        return { code: "changed-inside", says: `${what} stays as it is, and its script runs again` };
    },
};
