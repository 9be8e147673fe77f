/** Access at Cloudflare: whom it admits, and for which host names. */
import { counted } from "../../../../config/problems";
import { tokenOf } from "../../../../policy/resources/cloudflare";
import { hasUnknown } from "../../../../policy/resources/unknown";
import { isMap, isUnknown, list, mapsOf, secondsOf } from "../../../../policy/resources/values";
import type { Change } from "../changes";
import type { Difference } from "../differences";
import { always, goes, nothing, when, type KindRule, type Run, type Verdict, type Verdicts } from "../rule";
import { listed } from "../values-text";
import { NAMES, ACCOUNT_AND_ZONE } from "./cloudflare";

export const accessPolicy: KindRule = {
    created: (change, run) => {
        const { decision, includes } = change.new ?? {};
        if (decision === "bypass") return bypass(change);
        if (strangersIn(includes).length > 0) return { ...others(change), property: "includes", new: includes };
        if ([decision, includes].some(isUnknown))
            return {
                code: "unknown-until-apply",
                says: `Access policy ${change.name} is created: whom it admits is known only when the change is applied`,
            };
        const foreign = notOf(run, TOKEN, tokens(includes));
        return foreign.length > 0
            ? { ...admitsMore(change, foreign), property: "includes", new: includes }
            : { code: "added", says: `Access policy ${change.name} is created` };
    },
    deleted: (change) => ({
        code: "access-removed",
        says: `Access policy ${change.name} is deleted: it no longer admits requests`,
    }),
    replaced: (change) => ({
        code: "service-interrupted",
        says: `Access policy ${change.name} is replaced: it admits no request meanwhile`,
    }),
    rows: [
        ["includes", includes],
        [
            "excludes",
            always(
                "authentication-changed",
                (change) => `Access policy ${change.name}: it excludes other callers than before`,
                "risk",
            ),
        ],
        [
            "requires",
            always(
                "authentication-changed",
                (change) => `Access policy ${change.name}: it requires other conditions than before`,
            ),
        ],
        [
            "decision",
            ({ new: now }, change) =>
                now === "bypass"
                    ? bypass(change)
                    : {
                          code: "authentication-changed",
                          says: `Access policy ${change.name} has a different decision: requests with a token may be redirected to a login page`,
                      },
        ],
        ["sessionDuration", session],
        ...NAMES,
        ...ACCOUNT_AND_ZONE,
    ],
};

const bypass = ({ name }: Change): Verdict => ({
    code: "authentication-removed",
    says: `Access policy ${name} admits everyone without authentication`,
});

const others = ({ name }: Change): Verdict => ({
    code: "authentication-removed",
    says: `Access policy ${name} admits requests without a service token`,
});

function strangersIn(value: unknown): unknown[] {
    return list(value).filter((one) => tokenOf(one) === undefined && !hasUnknown(one));
}

function includes({ old, new: now }: Difference, change: Change, run: Run): Verdict[] {
    const sides = { property: "includes", old, new: now };
    if (strangersIn(now).length > 0) return [{ ...others(change), ...sides }];
    const [before, after] = [tokens(old), tokens(now)];
    const more = notOf(
        run,
        TOKEN,
        after.filter((id) => !before.includes(id)),
    );
    const deleted = idsOf(run, TOKEN, "delete");
    const gone = before.filter((id) => !after.includes(id) && !deleted.includes(id));
    // The new ids of replaced tokens are still unknown.
    const unknown = list(now).filter(hasUnknown).length;
    const replaced = run.changes.filter(({ kind, op }) => kind === TOKEN && op === "replace").length;
    const left = gone.length > Math.min(unknown, replaced) ? gone.length - Math.min(unknown, replaced) : 0;
    return [
        ...when(more.length > 0, { ...admitsMore(change, more), ...sides }),
        ...when(left > 0, {
            code: "credential-revoked",
            says: `Access policy ${change.name} no longer admits ${counted(left, "token")} that the stack keeps: ${listed(gone)}`,
            ...sides,
        }),
    ];
}

const TOKEN = "cloudflare ZeroTrustAccessServiceToken";
const POLICY = "cloudflare ZeroTrustAccessPolicy";

function tokens(value: unknown): string[] {
    return list(value)
        .map(tokenOf)
        .filter((id) => id !== undefined);
}

const admitsMore = ({ name }: Change, ids: string[]): Verdict => ({
    code: "authentication-changed",
    severity: "risk",
    says: `Access policy ${name} admits ${counted(ids.length, "token")} that this run does not create: ${listed(ids)}`,
});

/** Ids of the resources of one kind that the run creates or deletes. A replacement counts as both. */
function idsOf({ changes }: Run, kind: string, op: "create" | "delete"): string[] {
    return changes
        .filter((change) => change.kind === kind && !change.retained && (change.op === op || change.op === "replace"))
        .flatMap(({ id, newId }) => [op === "create" ? newId : id])
        .filter((id) => id !== undefined);
}

/** Ids of resources that the run does not create. A resource that it creates has no id yet, except in a drift report. */
function notOf(run: Run, kind: string, ids: string[]): string[] {
    const own = idsOf(run, kind, "create");
    return ids.filter((id) => !hasUnknown(id) && !own.includes(id));
}

function session({ old, new: now }: Difference, change: Change): Verdict {
    const says = `${change.name}: a cookie of Access is now valid for ${String(now)} instead of ${String(old)}`;
    return (secondsOf(now) ?? NaN) <= (secondsOf(old) ?? NaN)
        ? { code: "changed-inside", says }
        : { code: "protection-weakened", says };
}

export const accessApplication: KindRule = {
    created: (change, run) => {
        const list = change.new?.policies;
        const foreign = notOf(run, POLICY, policyIds(list));
        if (foreign.length === 0) return { code: "added", says: `Access application ${change.name} is created` };
        return { ...namesMore(change, foreign), property: "policies", new: list };
    },
    deleted: (change, { changes }) =>
        changes.some((other) => other.kind === "cloudflare ZeroTrustTunnelCloudflared" && goes(other))
            ? {
                  code: "access-removed",
                  says: `Access application ${change.name} is deleted, with the tunnel behind it`,
              }
            : {
                  code: "authentication-removed",
                  says: `Access application ${change.name} is deleted: no token is required, and only the connectors still reject requests`,
              },
    replaced: (change) => ({
        code: "service-interrupted",
        says: `Access application ${change.name} is replaced, and gets another audience: connectors reject every request until they have the new audience`,
    }),
    rows: [
        ["domain", hostname],
        // Without destinations, the domain is the only destination.
        ["destinations", (names, change) => hostname({ ...names, old: names.old ?? change.old?.domain }, change)],
        ["policies", policies],
        ["serviceAuth401Redirect", always("errors-changed", () => "Callers without a token get another answer")],
        ["sessionDuration", session],
        ["appLauncherVisible", nothing],
        ["type", always("authentication-changed", (change) => `Access application ${change.name} has another type`)],
        ...NAMES,
        ...ACCOUNT_AND_ZONE,
    ],
};

const policyIds = (value: unknown): string[] => mapsOf(value).flatMap(({ id }) => (typeof id === "string" ? [id] : []));

const namesMore = ({ name }: Change, ids: string[]): Verdict => ({
    code: "authentication-changed",
    severity: "risk",
    says: `Access application ${name} names ${ids.length === 1 ? "a policy" : `${ids.length} policies`} that this run does not create: ${listed(ids)}`,
});

function policies({ old, new: now }: Difference, change: Change): Verdict {
    const none = !Array.isArray(now) || now.length === 0;
    if (none)
        return {
            code: "access-removed",
            says: `Access application ${change.name} has no policy: no request is admitted`,
        };
    if (!Array.isArray(old) || old.length === 0)
        return {
            code: "access-added",
            says: `Access application ${change.name} gets a policy, and admits the policy's tokens`,
        };
    return {
        code: "authentication-changed",
        severity: "risk",
        says: `Access application ${change.name} has other policies`,
    };
}

/** Judges a change of the host names that an application protects. */
function hostname({ old, new: now }: Difference, change: Change): Verdicts {
    const [before, after] = [names(old), names(now)];
    const gone = before.filter((name) => !after.includes(name));
    if (gone.length > 0)
        return {
            code: "access-changed",
            says: `${listed(gone)} is no longer a host name of the service, which now has ${listed(after) || "none"}`,
        };
    if (after.every((name) => before.includes(name))) return undefined;
    return { code: "access-added", says: `Access application ${change.name} now protects ${listed(after)}` };
}

function names(value: unknown): string[] {
    const all = Array.isArray(value) ? value : value === undefined ? [] : [value];
    return all.map((one) => String(isMap(one) ? one.uri : one));
}
