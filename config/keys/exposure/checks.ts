import { answerTimeProblems } from "../answer-time";
import { hostnameProblems } from "../../options/cloudflare/checks";
import { mapping } from "../../cross-checks";
import { answerKeys, exposureKeys } from "./schema";
import { planProblems } from "../plans";

type Raw = Record<string, unknown>;

/** Keys of exposure direct alone: Cloudflare has a name and a certificate of its own. */
const AZURE_KEYS = ["azure", "tls"];

/** What the schema cannot say of the exposure: keys that belong to the other one, and values that only make sense together. */
export function exposureChecks(values: Raw): string[] {
    const { exposure = "direct" } = values;
    const [zone, alpa, gateway, tunnel] = [values.zone, values.alpa, values.gateway, values.tunnel].map(mapping);
    const existing = mapping(gateway.existing);
    // The schema of option inter knows no gateway in place.
    const inPlace = values.option !== "inter" && gateway.installer === "existing" && gateway.existing !== undefined;
    if (exposure !== "tunnel") {
        const foreign = foreignKeys(values).map(
            (key) => `${key}: belongs to exposure tunnel (got exposure ${String(exposure)}). Remove it.`,
        );
        if (exposure === "direct" && inPlace && existing.url === undefined)
            foreign.push("gateway.existing.url: required with exposure direct. Name the address callers use.");
        return foreign;
    }
    const problems: string[] = [];
    for (const key of AZURE_KEYS)
        if (values[key] !== undefined)
            problems.push(`${key}: belongs to exposure direct (got exposure tunnel, which has both). Remove it.`);
    for (const [key, value] of [
        ["gateway.address", gateway.address],
        ["gateway.existing.url", existing.url],
    ])
        if (value !== undefined)
            problems.push(`${key}: belongs to exposure direct (callers use https://<hostname>). Remove it.`);
    if (inPlace && existing.service === undefined)
        problems.push(
            "gateway.existing.service: required with exposure tunnel. Name the Service of APISIX's data port, and its namespace.",
        );
    return [
        ...problems,
        ...hostnameProblems(values, zone.name),
        ...planProblems(zone.plan, {}, values.proxyTimeoutSeconds),
        ...answerTimeProblems(alpa, values.proxyTimeoutSeconds, tunnel.graceSeconds),
    ];
}

/** The values that the schema looks at: keys of another exposure are said once, as what they are. */
export function ofTheExposure(values: Raw): Raw {
    if (values.exposure === "tunnel") return without(values, AZURE_KEYS);
    const { alpa, gateway, ...rest } = values;
    const { existing } = mapping(gateway);
    return {
        ...without(rest, Object.keys(exposureKeys)),
        alpa: isMapping(alpa) ? without(alpa, Object.keys(answerKeys)) : alpa,
        gateway:
            isMapping(gateway) && isMapping(existing)
                ? { ...gateway, existing: without(existing, ["service"]) }
                : gateway,
    };
}

function foreignKeys(values: Raw): string[] {
    const [alpa, gateway] = [values.alpa, values.gateway].map(mapping);
    return [
        ...Object.keys(exposureKeys).filter((key) => values[key] !== undefined),
        ...Object.keys(answerKeys)
            .filter((key) => alpa[key] !== undefined)
            .map((key) => `alpa.${key}`),
        ...(mapping(gateway.existing).service === undefined ? [] : ["gateway.existing.service"]),
    ];
}

function isMapping(value: unknown): value is Raw {
    return typeof value === "object" && value !== null && !Array.isArray(value);
}

function without(values: Raw, keys: string[]): Raw {
    return Object.fromEntries(Object.entries(values).filter(([key]) => !keys.includes(key)));
}
