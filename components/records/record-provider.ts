import type * as pulumi from "@pulumi/pulumi";
import { identityRule, revocationsRule, secretVersionsRule } from "./record-rules";

// The state stores this file as text. dynamic-resource.ts describes what such a file may import and use.

export type RecordKind = "StackIdentity" | "Revocations" | "SecretVersions";

type Inputs = { kind: RecordKind };

/** How each kind of record may change. */
const RULES: Record<RecordKind, pulumi.dynamic.ResourceProvider> = {
    StackIdentity: identityRule,
    Revocations: revocationsRule,
    SecretVersions: secretVersionsRule,
};

/** A record that exists only in the state. Its input `kind` selects the rule how it may change. */
export const provider: pulumi.dynamic.ResourceProvider<Inputs> = {
    check: async (olds, news) => RULES[news.kind].check?.(olds, news) ?? { inputs: news },
    diff: (id, olds, news) => RULES[news.kind].diff!(id, olds, news),
    create: (inputs) => RULES[inputs.kind].create(inputs),
    update: (id, olds, news) => RULES[news.kind].update!(id, olds, news),
};
