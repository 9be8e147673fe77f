/** The few values of a stack file that a conversion changes; everything else stays as it is written. */
import { isAlias, isMap } from "yaml";
import { PROJECT, readValue } from "../stack/stack-file";
import { editYaml, parseYaml } from "../stack/yaml-edit";
import type { Expected } from "../cutover/clock";
import { PHASES, type Phase, type Place } from "../cutover/phases";
import { keyOf, setHolder, type Holder } from "../cutover/stack-holder";

/** The phase in a stack file; undefined with another option. */
export function placeIn(text: string): Place | undefined {
    const option = readValue(text, "option");
    if (option === "intra-a") return "intra-a";
    if (option !== "intra-b") return undefined;
    const phase = readValue(text, "convert", "phase") ?? PHASES[0];
    return PHASES.includes(phase as Phase) ? (phase as Phase) : undefined;
}

/** Sets the phase and the lock holder, also for the last step of a return, which still needs the lock. */
export function setPlace(text: string, place: Place, holder: Holder): string {
    return editYaml(text, (document) => {
        document.setIn(["config", keyOf(document, "option")], place === "intra-a" ? "intra-a" : "intra-b");
        const convert = ["config", keyOf(document, "convert")];
        if (place !== "intra-a") document.setIn([...convert, "phase"], place);
        else document.deleteIn([...convert, "phase"]);
        setHolder(document, holder);
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
    const isChanged = (place: Place) => restOf(setPlace(text, place, { name: "plan", until: "" })) !== rest;
    const places: Place[] = convert === undefined ? ["prepare"] : ["prepare", "intra-a"];
    if (!isAlias(convert) && !places.some(isChanged)) return [];
    return [
        "convert: must not share its mapping or option with another key (anchor and alias of YAML), since a conversion changes both. Write the values out in each key.",
    ];
}

/** Removes the lock holder. */
export function leave(text: string): string {
    return editYaml(text, (document) => {
        document.deleteIn(["config", keyOf(document, "convert"), "holder"]);
    });
}

/** Steps whose measured times are stored in the stack file. */
const KEPT = ["drain", "stop", "start", "verify", "switch"] as const;

/** Writes the measured times of steps, in whole seconds. */
export function setMeasured(text: string, times: Expected): string {
    const known = KEPT.filter((step) => times[step] !== undefined);
    if (known.length === 0) return text;
    return editYaml(text, (document) => {
        const path = ["config", keyOf(document, "convert"), "measured"];
        if (document.getIn(path) === undefined) document.setIn(path, document.createNode({}, { flow: true }));
        for (const step of known) document.setIn([...path, step], Math.ceil(times[step]));
    });
}

/** Measured times that the stack file has. */
export function measuredIn(text: string): Expected {
    const pairs = KEPT.map((step) => [step, readValue(text, "convert", "measured", step)] as const);
    return Object.fromEntries(
        pairs.filter((pair): pair is [(typeof KEPT)[number], number] => typeof pair[1] === "number"),
    );
}

/** The stack file without the values that a conversion changes, to detect other edits. */
export function restOf(text: string): string {
    const { config = {}, ...rest } = parseYaml(text).toJS() as { config?: Record<string, unknown> };
    const key = (name: string) => (`${PROJECT}:${name}` in config ? `${PROJECT}:${name}` : name);
    const { [key("option")]: _, [key("convert")]: convert, ...others } = config;
    const { phase: __, holder: ___, measured: ____, ...settings } = (convert ?? {}) as Record<string, unknown>;
    return JSON.stringify([rest, others, settings]);
}
