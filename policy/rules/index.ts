import { accessRequired, zoneProtected } from "./cloudflare/access";
import type { Facts } from "./facts";
import { ownKeys, versionsPinned } from "./gateway/apisix";
import { pluginsAllowed } from "./gateway/plugins";
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
import { isJudgedLater } from "../resources/unknown";

/** Every rule, the most dangerous first. */
export const RULES: readonly Rule[] = [
    routeRequiresCredential,
    pluginsAllowed,
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

/** Violations of the resources of a stack. A rule skips unknown values. */
export function violationsOf(resources: Resource[], facts: Facts, rules: readonly Rule[] = RULES): Violation[] {
    const names = new Map(resources.map(({ urn, name }) => [urn, name]));
    return rules.flatMap((rule) => [
        ...resources.flatMap((resource) =>
            (rule.check?.(resource, facts) ?? [])
                .filter((message) => !isJudgedLater(resource, message))
                .map((message) => ({ rule: rule.name, urn: resource.urn, name: resource.name, message })),
        ),
        ...(rule.checkStack?.(resources, facts) ?? []).map(({ urn, message }) => ({
            rule: rule.name,
            urn,
            name: names.get(urn) ?? urn,
            message,
        })),
    ]);
}

export type { Facts } from "./facts";
export type { Rule } from "./rule";
