import { BEFORE } from "../../../components/opt/conversion-phases";
import type { ConversionStep } from "../../../components/opt/conversion-record-provider";
import { digestOf } from "../../keys/consumers/digest";
import { intraSettings, type IntraSettings } from "../intra/settings";
import type { ParsedIntraA } from "./schema";

/** Option intra-a: the gateway runs on the nodes of the bare-metal Ray cluster. */
export interface IntraASettings extends IntraSettings {
    option: "intra-a";
    /** The stage before or after a conversion. */
    step: ConversionStep;
}

/** Converts checked values into settings of the components. */
export function intraASettings(config: ParsedIntraA, today: Date): IntraASettings {
    return {
        option: "intra-a",
        ...intraSettings(config, today),
        step: { stage: BEFORE, attempt: config.convert?.attempt, callers: digestOf(config) },
    };
}
