import type { Sound } from "../../cross-check";
import { hostnameProblems } from "../edge/hostnames";
import type { ParsedGatewayOption } from "../gateway-option";
import { isGiven, isMapping, type Raw } from "../../unchecked";
import { answerTimeProblems } from "../edge/answer-time";
import { planProblems } from "../edge/plans";
import { exposureKeys } from "./schema";
import { answerKeys } from "../edge/schema";

/** Keys that are valid only with exposure direct. With a tunnel, Cloudflare manages the name and the certificate. */
const DIRECT_KEYS = ["azure", "tls"];
/** Keys with the address for callers, valid only with exposure direct. */
const DIRECT_ADDRESSES = ["gateway.address", "gateway.existing.url"];
/** Paths of keys that are valid only with exposure tunnel. */
const TUNNEL_KEYS = [
    ...Object.keys(exposureKeys),
    ...Object.keys(answerKeys).map((key) => `alpa.${key}`),
    "gateway.existing.service",
];

/**
 * Checks that every key is valid with the configured exposure, and that the values fit together.
 * @param given the config before parsing, which shows which keys are set
 */
export function exposureChecks(option: string, config: Sound<ParsedGatewayOption>, given: Raw): string[] {
    const { exposure, gateway } = config;
    const named = (path: string) => isGiven(given, ...path.split("."));
    // The schema of option inter already rejects an existing gateway.
    const inPlace = option !== "inter" && gateway?.installer === "existing" && named("gateway.existing");
    if (given.exposure !== "tunnel") {
        const foreign = TUNNEL_KEYS.filter(named).map(
            (key) =>
                `${key}: only valid with exposure tunnel (got exposure ${String(given.exposure ?? "direct")}). Remove it.`,
        );
        if (exposure === "direct" && inPlace && !named("gateway.existing.url"))
            foreign.push("gateway.existing.url: required with exposure direct. Name the address callers use.");
        return foreign;
    }
    const problems = [
        ...DIRECT_KEYS.filter(named).map(
            (key) =>
                `${key}: only valid with exposure direct (got exposure tunnel, where Cloudflare has the host names and TLS). Remove it.`,
        ),
        ...DIRECT_ADDRESSES.filter(named).map(
            (key) => `${key}: only valid with exposure direct (callers use https://<hostname>). Remove it.`,
        ),
    ];
    if (inPlace && !named("gateway.existing.service"))
        problems.push(
            "gateway.existing.service: required with exposure tunnel. Name the Service of APISIX's data port, and its namespace.",
        );
    return [...problems, ...hostnameProblems(config), ...planProblems(config), ...answerTimeProblems(config)];
}

/** Removes the keys of the other exposure, so that only {@link exposureChecks} reports them and not the schema. */
export function ofTheExposure(values: Raw): Raw {
    const foreign = values.exposure === "tunnel" ? DIRECT_KEYS : TUNNEL_KEYS;
    return foreign.reduce((rest, path) => without(rest, path.split(".")), values);
}

function without(values: Raw, [key, ...path]: string[]): Raw {
    const { [key]: value, ...others } = values;
    if (path.length === 0) return others;
    return isMapping(value) ? { ...others, [key]: without(value, path) } : values;
}
