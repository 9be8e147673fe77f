/** The table of meanings: what a change of a component's inputs does to callers. */
import { isDeepStrictEqual } from "node:util";
import { hasUnknown } from "../../../../policy/resources/values";
import { covers, differences, type Difference } from "../differences";
import { CODES } from "../finding";
import { caller, sharedCounters } from "./callers";
import * as cloudflare from "./cloudflare";
import * as gateway from "./gateway";
import * as hosts from "./hosts";
import { judged, say, type PartChange, type PartRules, type Scope, type Verdict } from "./row";

export const MEANINGS: Record<string, PartRules | undefined> = {
    Stack: gateway.stack,
    Gateway: gateway.gateway,
    Etcd: gateway.etcd,
    GatewayTls: gateway.gatewayTls,
    SharedCounters: sharedCounters,
    ServerRoute: gateway.serverRoute,
    Caller: caller,
    CloudflareExposure: cloudflare.exposure,
    Zone: cloudflare.zone,
    ServiceTokens: cloudflare.serviceTokens,
    Access: cloudflare.access,
    TunnelRoutes: cloudflare.tunnelRoutes,
    EdgeRules: cloudflare.edgeRules,
    EdgeWorker: cloudflare.edgeWorker,
    DnsRecords: cloudflare.dnsRecords,
    CloudflaredHost: hosts.cloudflaredHost,
    Microk8s: hosts.microk8s,
    ServerFirewall: hosts.serverFirewall,
    Conversion: hosts.conversion,
};

export interface Judged {
    verdict: Verdict;
    part: PartChange;
    /** Unset if the verdict is about the whole component. */
    difference?: Difference;
}

/** Judges changed components. One without inputs belongs to the nearest one with inputs above it. */
export function judgeMeanings(parts: PartChange[], today: Date): Judged[] {
    const isNew = parts.some(({ type, old }) => type === "Stack" && old === undefined);
    const withInputs = parts.filter((one) => isChanged(one) && Object.keys({ ...one.old, ...one.new }).length > 0);
    return withInputs.flatMap((part) => {
        const scope = { ...part, parts, today };
        const rules = MEANINGS[part.type];
        if (rules !== undefined && part.old && part.new) return ofInputs(rules, scope).map((one) => ({ ...one, part }));
        // In a new stack only the callers are worth a finding: nothing else was there before.
        if (isNew && !/^(Stack|Caller)$/.test(part.type)) return [];
        return whole(rules, scope).map((verdict) => ({ verdict, part }));
    });
}

/** Judges a component that is created, deleted, or of an unknown type. */
function whole(rules: PartRules | undefined, scope: Scope): Verdict[] {
    const { type, name, old, new: now } = scope;
    const does = old === undefined ? "created" : now === undefined ? "deleted" : "changed";
    const title = `${type} ${name} is ${does}`;
    if (rules === undefined)
        return [say(["unknown-resource", `${title}: this review does not know this kind of component`])];
    const rule = (old === undefined ? rules.created : rules.deleted) ?? [old ? "deleted" : "added", title];
    return typeof rule === "function" ? rule(scope) : [say(rule)];
}

function ofInputs({ inputs }: PartRules, scope: Scope): Omit<Judged, "part">[] {
    const rules = Object.entries(inputs).map(([at, rule]) => ({ pattern: at.split("."), rule }));
    const patterns = rules.map(({ pattern }) => pattern);
    return differences(scope.old, scope.new, patterns).flatMap((difference) => {
        const row = rules.find(({ pattern }) => covers(pattern, difference.path));
        const verdicts = row ? judged(row.rule, difference, scope) : [other(scope)];
        return withUnknown(verdicts, difference, scope).map((verdict) => ({ verdict, difference }));
    });
}

function other({ type, name }: PartChange): Verdict {
    return say(["other-change", `${type} ${name} changes in an input that this review does not know`]);
}

/** Adds that the new value is not known yet, unless a verdict already says that the change is dangerous. */
function withUnknown(verdicts: Verdict[], { old, new: now }: Difference, { type, name }: PartChange): Verdict[] {
    // A new credential contains the fingerprint of a secret that the run generates.
    const isOpen = hasUnknown(now) && (old !== undefined || typeof now === "string");
    const isSaid = verdicts.some(({ code, severity = CODES[code][0] }) => severity !== "harmless");
    if (!isOpen || isSaid) return verdicts;
    return [say(["unknown-until-apply", `${type} ${name} gets a value that is known only when the change is applied`])];
}

/** Whether a component is created, deleted, or gets other inputs. */
export const isChanged = ({ old, new: now }: PartChange) =>
    old === undefined || now === undefined || !isDeepStrictEqual(old, now);
