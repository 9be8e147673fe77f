import { apisixVersion, ownAdminKey, versionsPinned } from "./gateway/apisix";
import { answersNotCut } from "./gateway/answer-times";
import { errorShape, logprobsOneBackend, noRetries } from "./gateway/answers";
import { interOutlivesANode } from "./gateway/availability";
import { serviceTokensOnly, zoneProtected } from "./cloudflare/account";
import { alpaGuarded } from "./gateway/guarded";
import { hostnamesCovered } from "./cloudflare/hostnames";
import { knownTypes } from "./known-types";
import { networkClosed } from "./kubernetes/network";
import { portsClosed } from "./kubernetes/reachable";
import { asRendered } from "./rendered";
import { credentialsHidden, routeRequiresCredential } from "./gateway/routes";
import { noSecretInClear } from "./secrets";
import type { Resource } from "../resources/resource";
import { isJudgedLater } from "../resources/unknown";
import { valuesSeen } from "./gateway/values";
import { workersOwn } from "./cloudflare/workers";
import type { Rule } from "./rule";

/** Every rule, the most dangerous first. */
export const RULES: readonly Rule[] = [
    routeRequiresCredential,
    asRendered,
    knownTypes,
    hostnamesCovered,
    workersOwn,
    noSecretInClear,
    ownAdminKey,
    apisixVersion,
    valuesSeen,
    portsClosed,
    networkClosed,
    credentialsHidden,
    serviceTokensOnly,
    zoneProtected,
    alpaGuarded,
    answersNotCut,
    noRetries,
    logprobsOneBackend,
    errorShape,
    versionsPinned,
    interOutlivesANode,
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
export function violationsOf(resources: Resource[], rules: readonly Rule[] = RULES): Violation[] {
    const names = new Map(resources.map(({ urn, name }) => [urn, name]));
    return rules.flatMap((rule) => [
        ...resources.flatMap((resource) =>
            (rule.check?.(resource) ?? [])
                .filter((message) => !isJudgedLater(resource, message))
                .map((message) => ({
                    rule: rule.name,
                    urn: resource.urn,
                    name: resource.name,
                    message,
                })),
        ),
        ...(rule.checkStack?.(resources) ?? []).map(({ urn, message }) => ({
            rule: rule.name,
            urn,
            name: names.get(urn) ?? urn,
            message,
        })),
    ]);
}

export type { Rule } from "./rule";
