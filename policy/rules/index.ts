import { accessRequired, zoneProtected } from "./cloudflare/access";
import type { Facts } from "./facts";
import { ownKeys, versionsPinned } from "./gateway/apisix";
import { fieldsAllowed } from "./fields";
import { routeRequiresCredential } from "./gateway/routes";
import { hostsOfConfig } from "./hosts";
import { knownTypes } from "./known-types";
import { networkClosed } from "./kubernetes/network";
import { portsClosed } from "./kubernetes/ports";
import type { Rule } from "./rule";
import { scriptsListed } from "./scripts/listed";
import { noSecretInClear } from "./secrets";
import { settingsListed } from "./settings";
import type { Resource } from "../resources/resource";
import { isIncomplete, valueAt } from "../resources/values";

/** Every rule, the most dangerous first. */
export const RULES: readonly Rule[] = [
    routeRequiresCredential,
    fieldsAllowed,
    hostsOfConfig,
    accessRequired,
    knownTypes,
    scriptsListed,
    settingsListed,
    noSecretInClear,
    ownKeys,
    portsClosed,
    networkClosed,
    versionsPinned,
    zoneProtected,
];

/** A resource that violates a rule. */
export interface Violation {
    rule: string;
    urn: string;
    /** Name of the resource. */
    name: string;
    message: string;
}

/** Violations of the resources of a stack. */
export function violationsOf(resources: Resource[], facts: Facts, rules: readonly Rule[] = RULES): Violation[] {
    return rules.flatMap(({ name: rule, check, checkStack }) => {
        const compare = checkStack?.(resources, facts);
        return resources.flatMap((resource) =>
            [...(check?.(resource, facts) ?? []), ...(compare?.(resource) ?? [])]
                .filter((message) => !isIncomplete(valueAt(resource.marked, placeOf(message))))
                .map((message) => ({ rule, urn: resource.urn, name: resource.name, message })),
        );
    });
}
const placeOf = (message: string) =>
    message
        .slice(0, message.indexOf(":"))
        .split(/[.[\]]+/)
        .filter(Boolean);

export type { Facts } from "./facts";
export type { Rule } from "./rule";
