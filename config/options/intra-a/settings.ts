import { digestOf } from "../../keys/consumers/digest";
import { intraSettings, type IntraSettings } from "../intra/settings";
import type { ParsedIntraA } from "./schema";

/** Option intra-a: the gateway runs on the nodes of the bare-metal Ray cluster. */
export interface IntraASettings extends IntraSettings {
    option: "intra-a";
    /** Holder of the conversion's lock during the last step of a rollback to bare metal. Default: none. */
    holder?: string;
    /** Digest of the list of callers, for the record of a conversion. Unset if no conversion is planned. */
    callers?: string;
}

/** Converts checked values into settings of the components. */
export function intraASettings(config: ParsedIntraA, today: Date): IntraASettings {
    const { convert } = config;
    return {
        option: "intra-a",
        ...intraSettings(config, today),
        ...(convert && { callers: digestOf(config) }),
    };
}
