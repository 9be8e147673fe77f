/** What differs between the configs of two versions: the same sentences as in a review. */
import { isDeepStrictEqual } from "node:util";
import { ConfigError, parse } from "../../../config";
import { meaningOf, type Part } from "../../../components/stack-meaning";
import { HIDDEN, mapsOf } from "../../../policy/resources/values";
import { meaningFindings } from "../review/judge";
import type { PartChange } from "../review/meanings/row";
import type { Applied } from "./config-at";
import type { Config } from "./versions";

/**
 * @param before undefined for the first version
 * @param folder folder of the stack file, for files that the config names
 * @returns the effects on callers, and what was not compared, one sentence each
 */
export function consequences(before: Applied | undefined, after: Applied, folder: string): string[] {
    const [old, now] = [before?.config ?? {}, after.config];
    const all = Object.keys({ ...old, ...now });
    const hidden = all.filter((key) => old[key] === HIDDEN || now[key] === HIDDEN);
    const keys = all.filter((key) => !isDeepStrictEqual(old[key], now[key]));
    const notes = before ? hidden.map((key) => `${key}: not compared, because it has a secret or is in no commit`) : [];
    const differ = `config keys that differ: ${keys.join(", ")}`;
    const judged = (parts: PartChange[]) => meaningFindings(parts, new Date(after.start)).map(({ says }) => says);
    const sides = [before, after];
    try {
        const [from, to] = sides.map((one) => (one === undefined ? [] : partsIn(one, hidden, folder)));
        const says = judged(pairs(from, to));
        const isSilent = before && says.length === 0 && keys.length > 0;
        return [...says, ...notes, ...(isSilent ? [`${differ}, without an effect on callers`] : [])];
    } catch (error) {
        if (!(error instanceof ConfigError)) throw error;
        const [from, to] = hidden.includes("consumers") ? [[], []] : sides.map((one) => callersIn(one?.config));
        const says = judged(pairs(from, to));
        return before && keys.length > 0 ? [...says, ...notes, NOT_READ, differ] : says;
    }
}

const NOT_READ =
    "settings are not compared: the schema of this program rejects the config of one version, or needs its secrets";

/** @param without keys that are not compared @throws ConfigError if the schema rejects the config */
function partsIn({ config, start }: Applied, without: string[], folder: string): Part[] {
    const own = Object.entries(config).filter(
        // The callers of the callers file are in the list.
        ([key]) => !key.includes(":") && key !== "consumersFile" && !without.includes(key),
    );
    const raw = own.map(([key, value]) => [key, typeof value === "string" ? value : JSON.stringify(value)] as const);
    return meaningOf(parse(Object.fromEntries(raw), () => true, new Date(start), undefined, folder));
}

/** The callers of a list that is not validated, with the ids of their credentials: other fields may be secrets in a wrong place. */
function callersIn({ consumers }: Config = {}): Part[] {
    return mapsOf(consumers).map(({ name, credentials }) => ({
        type: "Caller",
        caller: String(name),
        inputs: { credentials: Object.fromEntries(mapsOf(credentials).map(({ id }) => [String(id), {}])) },
    }));
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
