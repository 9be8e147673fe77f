import { Secret as PackSecret, type ResourceValidationArgs, type ResourceValidationPolicy } from "@pulumi/policy";
import type { StackValidationPolicy } from "@pulumi/policy";
import { resourceOf, withParts, type Resource } from "./resources/resource";
import { Secret, type Tree } from "./resources/values";
import { violationsOf, type Facts, type Rule } from "./rules";
import { standing, type Exception } from "./rules/exceptions";
import { noSecretInClear } from "./rules/secrets";

type Policy = ResourceValidationPolicy & Partial<StackValidationPolicy>;

/**
 * The rules as a policy pack of CrossGuard.
 *
 * A validation gets all secrets in plain text, so it cannot tell which values are secret. A remediation gets the secret
 * markers, and the engine calls it right before the validations. So one rule has a remediation, which changes nothing and
 * records the resource for all rules. That rule needs the level `remediate`. Like `mandatory`, this level rejects violations.
 */
export function policies(rules: readonly Rule[], facts: Facts, exceptions: Exception[], today: Date): Policy[] {
    const seen = new Map<string, Resource>();
    const judge = (resources: Resource[], rule: Rule) =>
        standing(violationsOf(resources, facts, [rule]), exceptions, today);
    return rules.map((rule): Policy => {
        const { name, title, reason } = rule;
        const looksAtSecrets = rule === noSecretInClear;
        return {
            name,
            description: `${title} ${reason}`,
            ...(looksAtSecrets && {
                enforcementLevel: "remediate",
                remediateResource: (args) => void seen.set(args.urn, resourceFrom(args)),
            }),
            validateResource: (args, report) => {
                const known = seen.get(args.urn);
                if (looksAtSecrets && known === undefined)
                    return report(
                        "This rule must have the level remediate. At any other level, Pulumi does not show which values are secret.",
                    );
                const resource = known ?? resourceFrom(args);
                for (const { message } of judge([resource], { ...rule, checkStack: undefined })) report(message);
            },
            ...(rule.checkStack && {
                validateStack: ({ resources }, report) => {
                    // Outputs of resources, which contain the id.
                    const ended = resources.map(resourceFrom);
                    const all = ended.map((resource) => ({ ...(seen.get(resource.urn) ?? resource), id: resource.id }));
                    for (const { message, urn } of judge(all, { ...rule, check: undefined })) report(message, urn);
                },
            }),
        };
    });
}

/** Values from the SDK are proxies that reveal secrets and throw on unknown values. */
function resourceFrom(given: Pick<ResourceValidationArgs, "type" | "name" | "urn" | "opts" | "props">): Resource {
    const { type, name, urn, opts, props } = given;
    // `props` is a proxy that reveals secrets. Its property descriptors have the original values.
    const fields = Object.entries(Object.getOwnPropertyDescriptors(props)).map(([field, { value }]) => [field, value]);
    const inputs = withSecrets(Object.fromEntries(fields)) as Tree;
    return resourceOf({ type, name, urn, protect: opts.protect, id: inputs.id, inputs });
}

/** Converts the SDK's secret markers into those of the rules. */
function withSecrets(value: unknown): unknown {
    if (value instanceof PackSecret) return new Secret(withSecrets(value.value));
    return withParts(value, withSecrets);
}
