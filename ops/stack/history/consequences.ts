/** What differs between the configs of two versions: the same sentences as in a review. */
import { isDeepStrictEqual } from "node:util";
import { ConfigError, parse } from "../../../config";
import { meaningOf, type Part } from "../../../components/stack-meaning";
import { HIDDEN, mapsOf } from "../../../policy/resources/values";
import type { Finding } from "../review/finding";
import { meaningFindings } from "../review/judge";
import type { PartChange } from "../review/meanings/row";
import type { Config } from "./versions";

/** A version's config, and the day on which it was applied. */
export interface Applied {
    config: Config;
    start: string;
    /** Folder of the stack file, for files that the config names. */
    folder: string;
}

/** Placeholder for a list of callers that cannot be read. */
export class Unread {
    constructor(readonly why: string) {}
}

export interface Consequences {
    findings: Finding[];
    /** What was not compared, one sentence each. */
    notes: string[];
}

/** @param before undefined for the first version: only its callers are reported */
export function consequences(before: Applied | undefined, after: Applied): Consequences {
    const today = new Date(after.start);
    const notes = hiddenNotes(before?.config ?? {}, after.config);
    const hidden = Object.keys({ ...before?.config, ...after.config }).filter((key) =>
        [before?.config[key], after.config[key]].some((value) => value === HIDDEN || value instanceof Unread),
    );
    try {
        const [old, now] = [before, after].map((one) => (one === undefined ? [] : partsIn(one, hidden)));
        const findings = meaningFindings(pairs(old, now), today);
        if (before === undefined) return { findings: findings.filter(({ code }) => code === "caller-added"), notes };
        const keys = findings.length > 0 ? [] : changedKeys(before.config, after.config);
        return { findings, notes: [...notes, ...keysNote(keys, "without an effect on callers")] };
    } catch (error) {
        if (!(error instanceof ConfigError)) throw error;
        const [old, now] = [before, after].map((one) => callersIn(one?.config.consumers));
        const keys = changedKeys(before?.config ?? {}, after.config);
        const why =
            "settings are not compared, since the config of this program cannot be read from a version without its secrets, or of an earlier program";
        return {
            findings: meaningFindings(pairs(old, now), today),
            notes: [...notes, why, ...keysNote(before ? keys : [], "")],
        };
    }
}

function hiddenNotes(old: Config, now: Config): string[] {
    const lists = [old.consumers, now.consumers];
    const unread = lists.find((list) => list instanceof Unread);
    if (unread !== undefined) return [`callers: ${unread.why}, so the history does not show the list`];
    return lists.includes(HIDDEN)
        ? ["callers: a key in the list is secret, so the history does not show the list"]
        : [];
}

function keysNote(keys: string[], rest: string): string[] {
    return keys.length === 0
        ? []
        : [["config keys that differ", rest].filter(Boolean).join(", ") + `: ${keys.join(", ")}`];
}

/** Keys with different values, as far as these are no secrets. */
function changedKeys(old: Config, now: Config): string[] {
    return [...new Set([...Object.keys(old), ...Object.keys(now)])].filter(
        (key) => !isDeepStrictEqual(old[key], now[key]),
    );
}

/** @param without keys that are not compared @throws ConfigError if the schema rejects the config */
function partsIn({ config, start, folder }: Applied, without: string[]): Part[] {
    const own = Object.entries(config).filter(
        // The callers of the callers file are in the list.
        ([key]) => !key.includes(":") && key !== "consumersFile" && !without.includes(key),
    );
    const raw = own.map(([key, value]) => [key, typeof value === "string" ? value : JSON.stringify(value)] as const);
    return meaningOf(parse(Object.fromEntries(raw), () => true, new Date(start), undefined, folder));
}

/** The callers of a list that is not validated, with the ids of their credentials: other fields may be secrets in a wrong place. */
function callersIn(consumers: unknown): Part[] {
    return mapsOf(structured(consumers)).map(({ name, credentials }) => ({
        type: "Caller",
        caller: String(name),
        inputs: { credentials: Object.fromEntries(mapsOf(credentials).map(({ id }) => [String(id), {}])) },
    }));
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

function pairs(old: Part[], now: Part[]): PartChange[] {
    const key = ({ type, caller = type }: Part) => `${type} ${caller}`;
    const [before, after] = [old, now].map((parts) => new Map(parts.map((part) => [key(part), part])));
    return [...new Set([...before.keys(), ...after.keys()])].map((one) => {
        const [from, to] = [before.get(one), after.get(one)];
        const { type, caller: name = type } = (from ?? to)!;
        return { type, name, urn: "", ...(from && { old: from.inputs }), ...(to && { new: to.inputs }) };
    });
}
