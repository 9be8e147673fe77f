/** The few values of a stack file that a conversion changes; everything else stays as it is written. */
import { UsageError } from "../errors";
import { PROJECT, readValue } from "../stack/stack-file";
import { assign, editableKey, editYaml, parseYaml } from "../stack/yaml-edit";
import { PHASES, type Phase, type Place } from "./phases";

/** The phase in a stack file; undefined with another option. */
export function placeIn(text: string): Place | undefined {
    const option = readValue(text, "option");
    if (option === "intra-a") return "intra-a";
    if (option !== "intra-b") return undefined;
    const phase = readValue(text, "convert", "phase") ?? PHASES[0];
    return PHASES.includes(phase as Phase) ? (phase as Phase) : undefined;
}

/** Sets the option and the phase. */
export function setPlace(text: string, place: Place): string {
    return editYaml(text, (config) => {
        const [option, convert] = [editableKey(config, "option"), editableKey(config, "convert")];
        const isBack = place === "intra-a";
        assign(config, { [option]: isBack ? place : "intra-b" });
        if (!isBack || config.has(convert)) assign(config, { [convert]: { phase: isBack ? undefined : place } });
    });
}

/** Problems of a stack file into which a conversion cannot write its values. */
export function formProblems(text: string): string[] {
    if (typeof readValue(text, "convert", "secure") === "string")
        return [
            "convert: must not be encrypted as a whole, since a conversion writes its phase into it. Write it as a mapping, and encrypt only its secrets, for example privateKey.",
        ];
    try {
        setPlace(text, "prepare");
        return [];
    } catch (error) {
        if (error instanceof UsageError) return error.problems;
        throw error;
    }
}

/** The stack file without the values that a conversion changes, to detect other edits. */
export function restOf(text: string): string {
    const { config = {}, ...rest } = parseYaml(text).toJS() as { config?: Record<string, unknown> };
    const key = (name: string) => (`${PROJECT}:${name}` in config ? `${PROJECT}:${name}` : name);
    const { [key("option")]: _, [key("convert")]: convert, ...others } = config;
    const { phase: __, ...settings } = (convert ?? {}) as Record<string, unknown>;
    return JSON.stringify([rest, others, settings]);
}
