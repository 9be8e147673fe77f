/** What a change at Cloudflare does: names, the tunnel, Access and the rules of the edge. */
import { DEFAULT_PROXY_TIMEOUT } from "../../../../config/keys/edge";
import { map } from "../../../../policy/resources/values";
import type { Difference } from "../differences";
import { isLowerRate, limit, rateText } from "./callers";
import { pathPrefixes, paths, scrapers } from "./gateway";
import { all, byKey, copies, judged, say, when, type Cell, type PartRules, type Rule, type Verdict } from "./row";

const browserChecks: Rule = ({ new: now }) =>
    now === "skip"
        ? [say(["protection-weakened", "The edge checks fewer requests: browser checks are skipped"])]
        : [say(["request-rejected", "The edge checks for browsers: it rejects some client libraries"])];
const plan: Rule = ["route-changed", "The rules of the edge are those of another plan of Cloudflare"];
/** Without a value the program does not change the zone's setting. */
const proxyTimeoutSeconds: Rule = (difference) => {
    const { old, new: now } = difference;
    if (old === undefined && Number(now) >= DEFAULT_PROXY_TIMEOUT)
        return [say(["other-change", "The stack sets the edge's time limit: {new} s"], old, now)];
    if (now === undefined)
        return [say(["changed-inside", "The edge keeps its time limit, which the stack no longer sets"])];
    const code = Number(now) > Number(old) ? "timeout-raised" : "timeout-lowered";
    const says = "The edge ends answers with 524 after {new} s instead of {old} s";
    return [say([code, says], old ?? DEFAULT_PROXY_TIMEOUT, now)];
};
const zoneName: Rule = ["access-changed", "The service moves from zone {old} to {new}"];
const zoneManage: Rule = ["route-changed", "The zone is looked up or created: {new} instead of {old}"];
const LISTED: Cell = ["network-narrowed", "Only listed pods may read the metrics of the connectors"];
const UNLISTED: Cell = ["opens-to-network", "Any pod may read the metrics of the connectors", "risk"];
const RESTARTS = ["pods-restart", "The connectors are replaced, one after another"] as const;

export const exposure: PartRules = {
    created: ({ new: now }) => [
        say(["access-added", "Callers can reach the service at {new}, through a tunnel"], undefined, now?.hostname),
    ],
    deleted: ({ old }) => [say(["access-removed", "Callers can no longer reach the service at {old}"], old?.hostname)],
    covers: true,
    inputs: {
        hostname: ["access-removed", "Callers can no longer reach the service at {old}, only at {new}"],
        account: ["service-interrupted", "The tunnel and its DNS record are created again, in another account"],
        "zone.name": zoneName,
        "zone.manage": zoneManage,
        pathPrefixes: null,
        paths: null,
        plan,
        browserChecks,
        proxyTimeoutSeconds,
        "tunnel.connectors": copies("connectors"),
        "tunnel.image.**": RESTARTS,
        "tunnel.graceSeconds": all(RESTARTS, {
            down: ["timeout-lowered", "Connectors that stop have less time to finish their answers", "risk"],
            up: ["changed-inside", "Connectors that stop have more time to finish their answers"],
        }),
        // Without a list any pod may read the metrics of the connectors.
        "observability.metrics.scrapers": (difference, scope) =>
            difference.old !== undefined && difference.new !== undefined
                ? judged(scrapers, difference, scope)
                : [say(difference.old === undefined ? LISTED : UNLISTED)],
        "observability.metrics.**": RESTARTS,
    },
};

export const zone: PartRules = { inputs: { name: zoneName, manage: zoneManage } };

export const serviceTokens: PartRules = {
    inputs: { notify: ["changed-inside", "Other operators get a mail before a token expires"] },
};

/** Callers and host names have their own rules. */
export const access: PartRules = {
    created: ["access-added", "Cloudflare Access admits the callers' tokens"],
    deleted: ["access-removed", "Cloudflare Access is deleted: connectors reject every request"],
    covers: true,
    inputs: { hostnames: null, admits: null },
};

export const tunnelRoutes: PartRules = {
    created: ["access-added", "The tunnel forwards requests to Alpa"],
    deleted: ["access-removed", "The tunnel no longer forwards requests: connectors answer 503"],
    inputs: {
        hostnames: null,
        pathPrefixes,
        paths,
        endpoint: ["upstream-replaced", "All requests go to {new} instead of {old}"],
        teamName: ["authentication-changed", "The connectors accept the tokens of another team"],
    },
};

export const edgeRules: PartRules = {
    deleted: ["protection-weakened", "The rules of the edge are deleted"],
    inputs: { hostnames: null, pathPrefixes: null, plan, browserChecks, proxyTimeoutSeconds, rateLimit },
};

function rateLimit({ old, new: now }: Difference): Verdict[] {
    const [before, after] = [map(old), map(now)];
    const verdicts = limit("A caller at the edge", "rateLimit", rateText(before), rateText(after), () =>
        isLowerRate(before, after),
    );
    // The edge rejects what it did not reject before.
    if (old === undefined) return verdicts.map((one) => ({ ...one, code: "request-rejected" }));
    return verdicts;
}

export const edgeWorker: PartRules = {
    created: ["route-changed", "A Worker adds the model to requests without one"],
    deleted: ["request-rejected", "The Worker is deleted: Alpa rejects requests without a model"],
    inputs: {
        hostnames: null,
        pathPrefixes: null,
        defaultModel: ["route-changed", "Requests without a model go to {new} instead of {old}"],
    },
};

export const dnsRecords: PartRules = {
    created: ["added", "The stack creates the zone's other records"],
    deleted: ["dns-record-changed", "The zone's other records are deleted", "breaks-callers"],
    inputs: {
        phase: ["dns-record-changed", "The move of the zone changes from phase {old} to {new}"],
        records,
    },
};

function records({ old, new: now }: Difference): Verdict[] {
    const { gone, more, others } = byKey(old, now, ({ type, name }) => `${String(type)} ${String(name)}`);
    return [
        ...when(gone.length > 0, say(["dns-record-changed", "The records {old} are deleted", "breaks-callers"], gone)),
        ...when(more.length > 0, say(["added", "The records {old} are created"], more)),
        ...when(others.length > 0, say(["dns-record-changed", "The records {old} change"], others)),
    ];
}
