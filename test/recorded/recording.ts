/**
 * Previews of the engine that are stored as files, so that unit tests read real results instead of handwritten ones.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Document, isCollection, isPair, isScalar, parse } from "yaml";
import type { ResourceState, Step } from "../../ops/stack/review/preview";
import { ROOT } from "../../sandbox/world/state";
import type { Made } from "./made";

/** Values of a config by whole key, as the engine passes them: secrets as `[secret]`, mappings as JSON. */
export type Config = Record<string, string>;

export interface Recorded {
    made: Made;
    /** Config of the stack before the change. */
    before: Config;
    /** The config that was previewed. */
    config: Config;
    changeSummary?: object;
    /** Steps of the preview. A step with operation `same` is left out, unless it changes the URN of its resource. */
    steps: Step[];
}

/** The previews of a set, by the name of the change. */
export type Recording = Record<string, Recorded>;

/**
 * LINE: a longer value is not written on one line. SHARED: a shorter repeated part is written each time. Both in
 * characters.
 */
const [LINE, SHARED] = [180, 80];

/** @param set name of the set, for example `intra-a` */
export const pathOf = (set: string) => join(ROOT, "test/recorded", `${set}.yaml`);

export function read(set: string): Recording {
    const value: unknown = parse(readFileSync(pathOf(set), "utf8"), { maxAliasCount: -1 });
    // The copy has a separate object for each alias. In `value`, all aliases of an anchor are the same object.
    const recording = JSON.parse(JSON.stringify(value)) as Recording;
    return eachState(recording, (urn, state) => ({ ...ofUrn(urn), ...state })) as Recording;
}

/** YAML text of the previews. A repeated part is written once, with an anchor. */
export function textOf(recording: Recording): string {
    const short = eachState(recording, (urn, state) => {
        const known = Object.entries(ofUrn(urn));
        return Object.fromEntries(
            Object.entries(state).filter(([key, value]) => !known.some(([k, v]) => k === key && v === value)),
        );
    });
    const document = new Document(interned(short, new Map()));
    document.commentBefore = " Written by npm run record.";
    layOut(document.contents);
    return document.toString({ lineWidth: 0, indentSeq: false });
}

/** The fields of a state that follow from the URN of its step. The file leaves them out. */
function ofUrn(urn: string): Pick<ResourceState, "urn" | "type" | "custom"> {
    const type = urn.split("::")[2].split("$").at(-1)!;
    return { urn, type, custom: !type.startsWith("alpa-auth:") };
}

function eachState(recording: Recording, change: (urn: string, state: ResourceState) => object): object {
    const changed = (urn: string, state?: ResourceState) => state && change(urn, state);
    const entries = Object.entries(recording).map(([what, { steps, ...preview }]) => {
        const states = ({ urn, oldState, newState }: Step) => ({
            oldState: changed(urn, oldState),
            newState: changed(urn, newState),
        });
        return [what, { ...preview, steps: steps.map((step) => ({ ...step, ...states(step) })) }];
    });
    return JSON.parse(JSON.stringify(Object.fromEntries(entries))) as object;
}

/** The value, in which equal long parts are the same object: YAML writes this object only once. */
function interned(value: unknown, known: Map<string, unknown>): unknown {
    if (typeof value !== "object" || value === null) return value;
    const copy = Array.isArray(value)
        ? value.map((part) => interned(part, known))
        : Object.fromEntries(Object.entries(value).map(([key, part]) => [key, interned(part, known)]));
    const text = JSON.stringify(copy);
    if (text.length < SHARED) return copy;
    if (!known.has(text)) known.set(text, copy);
    return known.get(text);
}

/** Puts short collections on one line, and multi-line texts into blocks. @returns the length on one line */
function layOut(node: unknown): number {
    if (isPair(node)) return layOut(node.key) + layOut(node.value);
    if (isScalar(node)) {
        const lines = typeof node.value === "string" && node.value.includes("\n");
        if (lines) node.type = "BLOCK_LITERAL";
        return lines ? Infinity : JSON.stringify(node.value).length;
    }
    if (!isCollection(node)) return Infinity;
    const length = node.items.map((item) => layOut(item) + 2).reduce((all, one) => all + one, 0);
    node.flow = length <= LINE;
    return length;
}
