import { keysBelow } from "../schema";
import { cloudflareChecks, cloudflareSchema } from "./cloudflare/schema";
import { cloudflareSettings, type CloudflareSettings } from "./cloudflare/settings";
import { gatewayOption } from "./gateway/option";
import { interChecks, interSchema, interSettings, type InterSettings } from "./inter";
import {
    intraAChecks,
    intraChecks,
    intraASchema,
    intraBSchema,
    intraASettings,
    intraBSettings,
    type IntraASettings,
    type IntraBSettings,
} from "./intra";
import { defineOption, type Authenticator, type OptionDefinition } from "./option";

/**
 * Settings of each option. Add a new option here first. Every table with an entry for each option then fails to compile
 * until it has an entry for the new option.
 */
export interface SettingsByOption {
    "intra-a": IntraASettings;
    "intra-b": IntraBSettings;
    inter: InterSettings;
    cloudflare: CloudflareSettings;
}
export type Option = keyof SettingsByOption;
export type Settings = SettingsByOption[Option];

/** Definition of each option, in the order in which the reference names them. */
export const DEFINITIONS: { [O in Option]: OptionDefinition<SettingsByOption[O]> } = {
    "intra-a": gatewayOption("intra-a", intraASchema, intraAChecks, intraASettings),
    "intra-b": gatewayOption("intra-b", intraBSchema, intraChecks, intraBSettings),
    inter: gatewayOption("inter", interSchema, interChecks, interSettings),
    cloudflare: defineOption("edge", cloudflareSchema, cloudflareChecks, cloudflareSettings),
};
export const OPTIONS = Object.keys(DEFINITIONS) as Option[];

/**
 * Returns what authenticates callers in a stack with this value of `option`. For an invalid value, which the config check
 * reports, returns `gateway`.
 */
export function authenticatorOf(option: unknown): Authenticator {
    return OPTIONS.includes(option as Option) ? DEFINITIONS[option as Option].authenticator : "gateway";
}

/**
 * Returns the path of each key of the other options, with the names of the options that have the key, as text for messages.
 * `[]` in a path stands for any entry of a list.
 */
export function ownersOfOthers(option: Option): Record<string, string> {
    const owners: Record<string, string> = {};
    for (const other of OPTIONS.filter((one) => one !== option))
        for (const [path] of keysBelow(DEFINITIONS[other].schema))
            owners[path] = path in owners ? `${owners[path]} or ${other}` : `option ${other}`;
    return owners;
}
