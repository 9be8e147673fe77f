/** Describes the differences between the configs of two versions. Effects on callers come first. */
import { isDeepStrictEqual } from "node:util";
import { credential as gatewayCredential } from "../../../config/keys/consumers/schema";
import { credential as serviceToken } from "../../../config/keys/consumers/service-tokens";
import { callerLimits, limitPlugins, type ConsumerPlugin, type Limits } from "../../../components/consumers/limits";
import { HIDDEN, isMap, mapsOf, type Tree } from "../../../policy/resources/values";
import { differences, pathText } from "../review/differences";
import { limitVerdicts } from "../review/limits/callers";
import { shown } from "../review/values-text";
import { METHODS } from "../stack-file";
import type { Config } from "./versions";

interface Caller {
    credentials: Map<string, Tree>;
    limits: Limits;
    /** Name of the caller's class. Unset if it has none. */
    class?: unknown;
}

/** Placeholder for a list of callers that cannot be read. */
export class Unread {
    constructor(readonly why: string) {}
}

/**
 * One sentence for each caller and credential that differs.
 * @param again credentials with another secret in each config, with the version that created the present one. Default: none
 */
export function callerLines(before: Config, after: Config, again = new Map<string, number>()): string[] {
    if (before.consumers === HIDDEN || after.consumers === HIDDEN)
        return ["callers: a key in the list is secret, so the history does not show the list"];
    const unread = [before.consumers, after.consumers].find((list) => list instanceof Unread);
    if (unread !== undefined) return [`callers: ${unread.why}, so the history does not show the list`];
    const [old, now] = [callers(before), callers(after)];
    const hidden = [before, after].some(({ limits }) => limits === HIDDEN);
    const lines = [...new Set([...old.keys(), ...now.keys()])].flatMap((name) => {
        const [from, to] = [old.get(name), now.get(name)];
        if (from === undefined) return [`caller ${name} gets access`];
        if (to === undefined) return [`caller ${name} loses access`];
        return [...credentialLines(name, from, to, again), ...(hidden ? [] : limitLines(name, from, to))];
    });
    return hidden
        ? [...lines, "callers: limits is secret, so the history does not show the limits of each caller"]
        : lines;
}

function credentialLines(name: string, old: Caller, now: Caller, again: Map<string, number>): string[] {
    return [...new Set([...old.credentials.keys(), ...now.credentials.keys()])].flatMap((id) => {
        const [from, to] = [old.credentials.get(id), now.credentials.get(id)];
        const who = `credential ${name}/${id}`;
        if (from === undefined) return [`${who} works`];
        if (to === undefined) return [`${who} stops working`];
        const by = again.get(`${name}/${id}`);
        return [
            ...(by === undefined ? [] : [`${who}: created again in version ${by}, with another secret`]),
            ...differences(readable(from), readable(to), []).map(
                ({ path, old: a, new: b }) => `${who}: ${arrow(pathText(path), a, b, path)}`,
            ),
        ];
    });
}

const KNOWN = new Set([...Object.keys(gatewayCredential.shape), ...Object.keys(serviceToken.shape)]);

/** Hides the values of unknown fields of a credential, and an invalid method: each may be a secret in the wrong field. */
function readable(credential: Tree): Tree {
    const isKnown = (key: string, value: unknown) =>
        key === "method" ? METHODS.some((method) => method === value) : KNOWN.has(key);
    return Object.fromEntries(
        Object.entries(credential).map(([key, value]) => [key, isKnown(key, value) ? value : HIDDEN]),
    );
}

function limitLines(name: string, old: Caller, now: Caller): string[] {
    const named = old.class === now.class ? [] : [`caller ${name}: ${arrow("class", old.class, now.class, [])}`];
    const sides = { path: [], old: plugins(old.limits), new: plugins(now.limits) };
    return [...named, ...limitVerdicts(`caller ${name}`, sides).map(({ says }) => says)];
}

/** Renders limits as plugins. The scope is empty, because it is the same for both versions of a stack. */
function plugins(limits: Limits): ConsumerPlugin[] {
    return limitPlugins(limits, "");
}

function callers({ consumers, limits: ofStack }: Config): Map<string, Caller> {
    return new Map(
        mapsOf(structured(consumers)).map(({ name, limits, credentials, class: named }) => [
            String(name),
            {
                limits: callerLimits(limitsIn(structured(ofStack)), limitsIn(limits)),
                credentials: new Map(mapsOf(credentials).map((one) => [String(one.id), one])),
                class: named,
            },
        ]),
    );
}

function limitsIn(value: unknown): Limits | undefined {
    return isMap(value) ? value : undefined;
}

/** Parses a value that is stored as JSON text, as `pulumi config set` does without `--path`. */
function structured(value: unknown): unknown {
    if (typeof value !== "string") return value;
    try {
        return JSON.parse(value);
    } catch {
        return undefined;
    }
}

/** One line for each value that differs, of all keys except `consumers`. */
export function settingLines(before: Config, after: Config): string[] {
    const { consumers: _, ...old } = before;
    const { consumers: __, ...now } = after;
    return differences(old, now, []).map(({ path, old: a, new: b }) => arrow(pathText(path), a, b, path));
}

function arrow(what: string, old: unknown, now: unknown, path: (string | number)[]): string {
    return `${what}: ${shown(old, path) ?? "(none)"} -> ${shown(now, path) ?? "(none)"}`;
}

/** Keys that are secret in both versions, so a difference cannot be detected. */
export function secretKeys(before: Config, after: Config): string[] {
    return Object.keys(after).filter((key) => after[key] === HIDDEN && isDeepStrictEqual(before[key], HIDDEN));
}
