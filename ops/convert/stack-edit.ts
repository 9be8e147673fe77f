/** The few values of a stack file that a conversion changes; everything else stays as it is written. */
import { isAlias, isMap } from "yaml";
import { keyOf, PROJECT, readValue } from "../stack/stack-file";
import { editYaml, parseYaml } from "../stack/yaml-edit";
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
    return editYaml(text, (document) => {
        document.setIn(["config", keyOf(document, "option")], place === "intra-a" ? "intra-a" : "intra-b");
        const convert = ["config", keyOf(document, "convert")];
        if (place !== "intra-a") document.setIn([...convert, "phase"], place);
        else document.deleteIn([...convert, "phase"]);
    });
}

/** Problems of a stack file into which a conversion cannot write its values. */
export function formProblems(text: string): string[] {
    const document = parseYaml(text);
    const convert = document.getIn(["config", keyOf(document, "convert")], true);
    if (isMap(convert) && convert.items.length === 1 && typeof convert.get("secure") === "string")
        return [
            "convert: must not be encrypted as a whole, since a conversion writes its phase into it. Write it as a mapping, and encrypt only its secrets, for example privateKey.",
        ];
    const rest = restOf(text);
    const isChanged = (place: Place) => restOf(setPlace(text, place)) !== rest;
    const places: Place[] = convert === undefined ? ["prepare"] : ["prepare", "intra-a"];
    if (!isAlias(convert) && !places.some(isChanged)) return [];
    return [
        "convert: must not share its mapping or option with another key (anchor and alias of YAML), since a conversion changes both. Write the values out in each key.",
    ];
}

/** The stack file without the values that a conversion changes, to detect other edits. */
export function restOf(text: string): string {
    const { config = {}, ...rest } = parseYaml(text).toJS() as { config?: Record<string, unknown> };
    const key = (name: string) => (`${PROJECT}:${name}` in config ? `${PROJECT}:${name}` : name);
    const { [key("option")]: _, [key("convert")]: convert, ...others } = config;
    const { phase: __, ...settings } = (convert ?? {}) as Record<string, unknown>;
    return JSON.stringify([rest, others, settings]);
}
