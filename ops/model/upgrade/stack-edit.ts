/** Reads and writes the values of a stack file that a model upgrade changes. The rest of the file stays unchanged. */
import { isDeepStrictEqual } from "node:util";
import { isMap, isNode, type Document } from "yaml";
import { isMapping } from "../../../config/unchecked";
import { UPGRADE_PHASES, type UpgradePhase } from "../../../components/opt/conversion-phases";
import type { ModelChange } from "../../cutover/audit";
import { PHASES, type Place } from "../../cutover/phases";
import { keyOf, PROJECT, readValue } from "../../stack/stack-file";
import { editYaml, parseYaml } from "../../stack/yaml-edit";

/** Keys of `opt` that define a version. */
export const VERSION_KEYS = ["image", "model", "parametersBillion", "rayVersion", "weights", "command"] as const;

type Values = Record<string, unknown>;

/** Whether a value is the name of a phase. */
export function isPhase(value: unknown): value is UpgradePhase {
    return UPGRADE_PHASES.includes(value as UpgradePhase);
}

/** The phase in a stack file; undefined before the first phase, and after the last. */
export function placeIn(text: string): UpgradePhase | undefined {
    if (readValue(text, "opt", "upgrade") === undefined) return undefined;
    const phase = readValue(text, "opt", "upgrade", "phase") ?? PHASES[0];
    return isPhase(phase) ? phase : undefined;
}

/** Key `opt` as plain values. */
export function optIn(text: string): Values {
    const { config = {} } = (parseYaml(text).toJS() ?? {}) as { config?: Record<string, Values> };
    return config.opt ?? config[`${PROJECT}:opt`] ?? {};
}

/** Sets the phase. */
export function setPlace(text: string, place: Place, { old, new: next }: ModelChange): string {
    return editYaml(text, (document) => {
        const opt = ["config", keyOf(document, "opt")];
        for (const [key, value] of Object.entries(place === "done" ? next : old)) put(document, [...opt, key], value);
        const set = Object.fromEntries(Object.entries(next).filter(([, value]) => value !== null));
        if (isPhase(place)) put(document, [...opt, "upgrade"], { phase: place, ...set });
        else document.deleteIn([...opt, "upgrade"]);
    });
}

/** A value that is already set keeps its formatting. */
function put(document: Document, path: string[], value: unknown): void {
    const before = document.getIn(path, true);
    if (isMap(before) && isMapping(value)) {
        const gone = before.items.map(({ key }) => String(key)).filter((key) => !(key in value));
        gone.forEach((key) => before.delete(key));
        return Object.entries(value).forEach(([key, one]) => put(document, [...path, key], one));
    }
    if (isNode(before) && JSON.stringify(before.toJS(document)) === JSON.stringify(value)) return;
    if (value === null) document.deleteIn(path);
    else document.setIn(path, document.createNode(value));
}

/**
 * The stack file without the values that this upgrade changes. A value that belongs to neither version is kept: it is
 * another edit.
 */
export function restOf(text: string, { old, new: next }: ModelChange): string {
    const { config = {}, ...rest } = parseYaml(text).toJS() as { config?: Record<string, unknown> };
    const key = (name: string) => (`${PROJECT}:${name}` in config ? `${PROJECT}:${name}` : name);
    const { [key("opt")]: opt, ...others } = config;
    const { upgrade, ...values } = (opt ?? {}) as Values;
    const { phase: _, ...asked } = (upgrade ?? {}) as Values;
    const kept = Object.entries(values).filter(([name]) => !(name in next));
    const foreign = [
        ...Object.keys(next).map((name) => [name, values[name] ?? null, old[name], next[name]] as const),
        ...Object.keys(asked).map((name) => [`upgrade.${name}`, asked[name], next[name]] as const),
    ].filter(([, value, ...known]) => !known.some((one) => isDeepStrictEqual(value, one)));
    return JSON.stringify([rest, others, kept, foreign.map(([name, value]) => [name, value])]);
}
