/** What a change of a caller does: its credentials, its limits and its class. */
import { ALPA_PATHS } from "../../../../components/alpa/paths";
import { LIMITS } from "../../../../components/consumers/limits";
import { daysUntil } from "../../../../config/keys/consumers/credentials";
import { map, mapsOf, type Tree } from "../../../../policy/resources/values";
import { changedFields, type Difference } from "../differences";
import { judged, say, when, type Cell, type PartRules, type Rule, type Scope, type Verdict } from "./row";

export const caller: PartRules = {
    created: ({ name }) => [say(["caller-added", `Caller ${name} gets access`])],
    deleted: ({ name }) => [say(["caller-removed", `Caller ${name} loses access, with all its credentials`])],
    covers: true,
    inputs: {
        limits,
        models: (difference, scope) => judged(models(difference, scope), difference, scope),
        class: ({ old, new: now }, { name }) => [
            now === undefined
                ? say(["limit-removed", `Caller ${name} leaves class {old} and its limits`], old)
                : say(["limit-lowered", `Caller ${name} joins class {new} and its limits`], old, now),
        ],
        "credentials.*": credential,
        countedBy,
    },
};

const ONE_SERVER: Cell = ["limit-changed", "One server counts limits for all gateway pods: all counts restart"];
const EACH_POD: Cell = ["limit-changed", "Each gateway pod counts limits separately: all counts restart"];

/** Says the same as the rules of the counter server, so that all callers make one finding. They judge its settings. */
function countedBy({ old, new: now }: Difference, { old: before, new: after }: Scope): Verdict[] {
    const isSame = (old === undefined) === (now === undefined);
    // A first or last limit has its own finding.
    const hasNone = [before, after].some((inputs) => Object.keys(map(inputs?.limits)).length === 0);
    return isSame || hasNone ? [] : [say(now === undefined ? EACH_POD : ONE_SERVER)];
}

/** Models that the caller may use. Without a list, it may use all. */
function models({ old, new: now }: Difference, { name }: Scope): Rule {
    if (old === undefined) return ["request-rejected", `Caller ${name} may use only {new}`];
    if (now === undefined) return ["route-changed", `Caller ${name} may use all models`];
    return {
        lost: ["request-rejected", `Caller ${name} may no longer use {old}`],
        added: ["access-added", `Caller ${name} may use {new} too`],
    };
}

function limits({ old, new: now }: Difference, { name }: Scope): Verdict[] {
    const [before, after] = [map(old), map(now)];
    const who = `Caller ${name}`;
    const rest = changedFields(before, after).filter((key) => !(LIMITS as readonly string[]).includes(key));
    const isFewer = (key: string) => () => !(Number(after[key]) > Number(before[key]));
    const budget = [before, after].map(({ tokens, perTokenSeconds }) => ({
        requests: tokens,
        perSeconds: perTokenSeconds,
    }));
    return [
        ...limit(who, "limits.requests", rateText(before), rateText(after), () => isLowerRate(before, after)),
        ...limit(who, "limits.concurrent", openText(before), openText(after), isFewer("concurrent")),
        ...limit(who, "limits.maxTokens", answerText(before), answerText(after), isFewer("maxTokens")).map(
            // Over this limit a request gets 400, which no waiting changes.
            (one) => (one.code === "limit-lowered" ? { ...one, code: "request-rejected" as const } : one),
        ),
        ...limit(who, "limits.tokens", budgetText(before), budgetText(after), () => isLowerRate(budget[0], budget[1])),
        ...when(rest.length > 0, say(["limit-changed", `${who}: the limit is enforced differently ({old})`], rest)),
    ];
}

export const rateText = ({ requests, perSeconds }: Tree) =>
    requests === undefined ? undefined : `${String(requests)} in ${String(perSeconds)} s`;
const openText = ({ concurrent }: Tree) =>
    concurrent === undefined ? undefined : `${String(concurrent)} requests open at the same time`;
const answerText = ({ maxTokens }: Tree) =>
    maxTokens === undefined ? undefined : `${String(maxTokens)} tokens in one answer`;
const budgetText = ({ tokens, perTokenSeconds }: Tree) =>
    tokens === undefined ? undefined : `${String(tokens)} tokens in ${String(perTokenSeconds)} s`;

/** Whether fewer requests are allowed in one window, or fewer per second. A caller may depend on both. */
export function isLowerRate(old: Tree, now: Tree): boolean {
    const rate = ({ requests, perSeconds }: Tree) => Number(requests) / Number(perSeconds);
    return !(Number(now.requests) >= Number(old.requests) && rate(now) >= rate(old));
}

/** Judges one limit by its text. @param isLower whether the new value allows less, if both are set */
export function limit(
    who: string,
    property: string,
    old: string | undefined,
    now: string | undefined,
    isLower: () => boolean,
): Verdict[] {
    if (old === now) return [];
    const cell = (): Cell => {
        if (old === undefined) return ["limit-lowered", `${who} is limited to {new}, and had no such limit before`];
        if (now === undefined) return ["limit-removed", `${who} is no longer limited to {old}`];
        if (isLower()) return ["limit-lowered", `${who} has less: {old} becomes {new}`];
        return ["limit-raised", `${who} has more: {old} becomes {new}`];
    };
    return [{ ...say(cell(), old, now), property, old, new: now }];
}

/** Judges the shares of classes. The rule of each caller judges who joins and who leaves. */
export function classes({ old, new: now }: Difference): Verdict[] {
    const byName = (value: unknown) => new Map(mapsOf(value).map((entry) => [String(entry.name), entry]));
    const [before, after] = [byName(old), byName(now)];
    return [...new Set([...before.keys(), ...after.keys()])].flatMap((name) =>
        ALPA_PATHS.flatMap((path) => {
            const [from, to] = [before, after].map((all) => all.get(name)?.[path]);
            const [less, more] = [from, to].map((share) => share && `${String(share)} open requests to /${path}`);
            if (!before.has(name))
                return [say(["changed-inside", `A new class ${name} is limited to ${String(more)}`])];
            const isLower = () => !(Number(to) > Number(from));
            return limit(`Class ${name}`, `classes.${name}.${path}`, less as string, more as string, isLower);
        }),
    );
}

/** The counter server that all gateway pods share. */
export const sharedCounters: PartRules = {
    created: ONE_SERVER,
    deleted: EACH_POD,
    covers: true,
    inputs: {
        whenDown: ({ new: now }) => [
            say(["limit-changed", `While the counter server is down, ${MEANWHILE[String(now)]}`]),
        ],
        timeoutMilliseconds: {
            down: ["limit-changed", "The counter server counts as down after {new} ms instead of {old} ms"],
            up: ["changed-inside", "A gateway pod waits up to {new} ms for the counter server"],
        },
        "image.**": ["pods-restart", "The counter server of the limits moves to a new pod: all counts restart"],
        answerTimeoutSeconds: null,
    },
};

/** Effect on callers with limits while the counter server is down. */
const MEANWHILE: Record<string, string | undefined> = {
    "each-pod": "each gateway pod counts requests on its own, and does not limit open requests",
    allow: "no limit is enforced",
    refuse: "callers with limits get 500",
};

function credential({ old, new: now, path: [, id] }: Difference, { name, today }: Scope): Verdict[] {
    const who = `Credential ${name}/${String(id)}`;
    if (now === undefined) return [{ ...say(["credential-revoked", `${who} stops working`]), old: "valid" }];
    const [before, after] = [map(old), map(now)];
    const isReadmitted = after.readmit !== undefined && before.readmit !== after.readmit;
    const again = `${who} breaks the revocation of {new}: the revoked key works again`;
    const readmitted = when(isReadmitted, say(["revocation-broken", again], "", after.readmit));
    if (old === undefined) return [...readmitted, { ...say(["credential-added", `${who} is added`]), new: "valid" }];
    const fields = changedFields(before, after);
    const verdicts = fields.flatMap((field) => {
        const values = { old: before[field], new: after[field] };
        const property = `credentials.${String(id)}.${field}`;
        const found = FIELDS[field]?.(values.old, values.new, after, today) ?? OTHER;
        return found.map(([code, says, severity]) => {
            const verdict = say([code, `${who} ${says}`, severity], values.old, values.new);
            return { ...verdict, property, ...values };
        });
    });
    // One change of the key changes several fields.
    const first = verdicts.filter(({ says }, i) => verdicts.findIndex((other) => other.says === says) === i);
    return [...readmitted, ...first];
}

const OTHER: Cell[] = [["other-change", "changes in a field that this review does not know"]];
const REPLACED = (): Cell[] => [["credential-changed", "is replaced: the earlier one stops working"]];

/** How to judge each field of a credential. The sentence continues after the name of the credential. */
const FIELDS: Record<string, undefined | ((old: unknown, now: unknown, after: Tree, today: Date) => Cell[])> = {
    method: REPLACED,
    algorithm: REPLACED,
    fingerprint: REPLACED,
    readmit: (_, now) => (now === undefined ? [["changed-inside", "is no longer marked as accepted again"]] : []),
    expires: (old, now) => {
        if (now === undefined) return [["credential-ends-later", "no longer expires ({old} before)"]];
        // A first date is mostly the end of an overlap: no one has promised its caller that the credential lasts.
        if (old === undefined)
            return [["credential-ends-sooner", "now expires on {new}, and had no expiry date", "risk"]];
        if (String(now) > String(old)) return [["credential-ends-later", "expires on {new} instead of {old}"]];
        return [["credential-ends-sooner", "expires on {new} already, and would have worked until {old}"]];
    },
    duration: (old, now) =>
        hours(now) > hours(old)
            ? [["credential-ends-later", "is valid for longer at Cloudflare: {new}"]]
            : [["credential-ends-sooner", "expires sooner at Cloudflare, perhaps at once: {new}"]],
    enabled: (_, now) =>
        now === true
            ? [["credential-added", "works again", "risk"]]
            : [["credential-revoked", "stops working: it is disabled"]],
    secretVersion: (old = 1, now = 1, after, today) => {
        const says = `gets a new secret; the earlier one expires on ${String(after.previousSecretExpires)}`;
        if (Number(now) > Number(old) && isLeft(after, today)) return [["credential-rotated", says]];
        return [["credential-changed", "gets a new secret, and the earlier one stops working"]];
    },
    previousSecretExpires: (old, now, after, today) => {
        // The first date comes with a new secret.
        if (old === undefined) return [];
        if (isLeft(after, today) && String(now) > String(old))
            return [["credential-ends-later", "keeps its previous secret for longer: until {new}"]];
        const severity = isLeft(after, today) ? "risk" : "breaks-callers";
        return [["credential-ends-sooner", "loses its previous secret sooner than before: on {new}", severity]];
    },
};

/** Whether the previous secret of a service token is still valid. */
const isLeft = ({ previousSecretExpires: until }: Tree, today: Date) =>
    typeof until === "string" && daysUntil(until, today) > 0;

/** Hours of a duration. NaN for another text, so that it is never the longer one. */
const hours = (duration: unknown) =>
    duration === "forever" ? Infinity : Number(/^(\d+)h$/.exec(String(duration))?.[1]);
