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
    const [old, now] = [before?.config ?? {}, after.config];
    const isHidden = (value: unknown) => value === HIDDEN || value instanceof Unread;
    const hidden = Object.keys({ ...old, ...now }).filter((key) => isHidden(old[key]) || isHidden(now[key]));
    const keys = Object.keys({ ...old, ...now }).filter((key) => !isDeepStrictEqual(old[key], now[key]));
    const differ = `config keys that differ: ${keys.join(", ")}`;
    const notes = before ? hiddenNotes(hidden, old, now) : [];
    const judged = (parts: PartChange[]) => meaningFindings(parts, new Date(after.start));
    try {
        const [from, to] = [before, after].map((one) => (one === undefined ? [] : partsIn(one, hidden)));
        const findings = judged(pairs(from, to));
        if (before === undefined) return { findings: findings.filter(({ code }) => code === "caller-added"), notes };
        const isSilent = findings.length === 0 && keys.length > 0;
        return { findings, notes: isSilent ? [...notes, `${differ}, without an effect on callers`] : notes };
    } catch (error) {
        if (!(error instanceof ConfigError)) throw error;
        const lists = hidden.includes("consumers") ? [] : [old, now];
        const [from = [], to = []] = lists.map(({ consumers }) => callersIn(consumers));
        const findings = judged(pairs(from, to));
        return { findings, notes: before && keys.length > 0 ? [...notes, NOT_READ, differ] : notes };
    }
}

const NOT_READ =
    "settings are not compared: the schema of this program rejects the config of one version, or needs its secrets";

function hiddenNotes(hidden: string[], old: Config, now: Config): string[] {
    const unread = [old.consumers, now.consumers].find((list) => list instanceof Unread);
    return hidden.map((key) =>
        key === "consumers" && unread !== undefined
            ? `callers: ${unread.why}, so the history does not show the list`
            : `${key}: is or has a secret, so the history does not compare it`,
    );
}

/** @param without keys that are not compared @throws ConfigError if the schema rejects the config */
function partsIn({ config, start, folder }: Applied, without: string[]): Part[] {
    const own = Object.entries(config).filter(
        // The callers of the callers file are in the list.
        ([key]) => !key.includes(":") && key !== "consumersFile" && !without.includes(key),
    );
    const raw = own.map(([key, value]) => [key, typeof value === "string" ? value : JSON.stringify(value)] as const);
    const parts = meaningOf(parse(Object.fromEntries(raw), () => true, new Date(start), undefined, folder));
    if (!without.includes("limits")) return parts;
    // The limits of a caller depend on those of the stack.
    return parts.map(({ inputs: { limits: _, ...inputs }, ...part }) => ({ ...part, inputs }));
}

/** The callers of a list that is not validated, with the ids of their credentials: other fields may be secrets in a wrong place. */
function callersIn(consumers: unknown): Part[] {
    return mapsOf(structured(consumers)).map(({ name, credentials }) => ({
        type: "Caller",
        caller: String(name),
        inputs: { credentials: Object.fromEntries(mapsOf(credentials).map(({ id }) => [String(id), {}])) },
    }));
}

/** Credentials of a config, as `<consumer>/<credential>`. */
export function credentialsIn({ consumers }: Config): Set<string> {
    const ids = (inputs: Part["inputs"]) => Object.keys(inputs.credentials as object);
    return new Set(callersIn(consumers).flatMap(({ caller, inputs }) => ids(inputs).map((id) => `${caller}/${id}`)));
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

/** Components of two configs, side by side. */
export function pairs(old: Part[], now: Part[]): PartChange[] {
    const key = ({ type, caller = type }: Part) => `${type} ${caller}`;
    const [before, after] = [old, now].map((parts) => new Map(parts.map((part) => [key(part), part])));
    return [...new Set([...before.keys(), ...after.keys()])].map((one) => {
        const [from, to] = [before.get(one), after.get(one)];
        const { type, caller: name = type } = (from ?? to)!;
        return { type, name, urn: "", ...(from && { old: from.inputs }), ...(to && { new: to.inputs }) };
    });
}
