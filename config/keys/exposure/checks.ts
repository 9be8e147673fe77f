import { at, type Problems, type Sound } from "../../cross-check";
import { edgeChecks } from "../edge/checks";
import type { ParsedGatewayOption } from "../gateway-option";
import { isGiven, isMapping, type Raw } from "../../unchecked";
import { exposureKeys } from "./schema";
import { answerKeys } from "../edge/schema";

const URL_IN_PLACE = ["gateway", "existing", "url"];
const SERVICE_IN_PLACE = ["gateway", "existing", "service"];
/** Keys that are valid only with exposure direct. With a tunnel, Cloudflare manages the name and the certificate. */
const DIRECT_KEYS = [["azure"], ["tls"]];
/** Keys with the address for callers, valid only with exposure direct. */
const DIRECT_ADDRESSES = [["gateway", "address"], URL_IN_PLACE];
/** Paths of keys that are valid only with exposure tunnel. */
const TUNNEL_KEYS = [
    ...Object.keys(exposureKeys).map((key) => [key]),
    ...Object.keys(answerKeys).map((key) => ["alpa", key]),
    SERVICE_IN_PLACE,
];

/**
 * Checks that every key is valid with the configured exposure, and that the values fit together.
 * @param given the config before parsing, which shows which keys are set
 */
export function* exposureChecks(config: Sound<ParsedGatewayOption>, given: Raw): Problems {
    const named = (path: string[]) => isGiven(given, ...path);
    const inPlace = config.gateway?.installer === "existing" && named(["gateway", "existing"]);
    if (given.exposure !== "tunnel") {
        for (const path of TUNNEL_KEYS.filter(named))
            yield at(
                path,
                `only valid with exposure tunnel (got exposure ${String(given.exposure ?? "direct")}). Remove it.`,
            );
        if (config.exposure === "direct" && inPlace && !named(URL_IN_PLACE))
            yield at(URL_IN_PLACE, "required with exposure direct. Name the address callers use.");
        return;
    }
    for (const path of DIRECT_KEYS.filter(named))
        yield at(
            path,
            "only valid with exposure direct (got exposure tunnel, where Cloudflare has the host names and TLS). Remove it.",
        );
    for (const path of DIRECT_ADDRESSES.filter(named))
        yield at(path, "only valid with exposure direct (callers use https://<hostname>). Remove it.");
    if (inPlace && !named(SERVICE_IN_PLACE))
        yield at(
            SERVICE_IN_PLACE,
            "required with exposure tunnel. Name the Service of APISIX's data port, and its namespace.",
        );
    yield* edgeChecks(config);
}

/** Removes the keys of the other exposure, so that only {@link exposureChecks} reports them and not the schema. */
export function ofTheExposure(values: Raw): Raw {
    const foreign = values.exposure === "tunnel" ? DIRECT_KEYS : TUNNEL_KEYS;
    return foreign.reduce(without, values);
}

function without(values: Raw, [key, ...path]: string[]): Raw {
    const { [key]: value, ...others } = values;
    if (path.length === 0) return others;
    return isMapping(value) ? { ...others, [key]: without(value, path) } : values;
}
