import { Output, type Input } from "@pulumi/pulumi/output";

/** Returns what the inputs of a component show of a secret; undefined leaves the secret out. */
export type ShowSecret = (value: Output<string>) => Input<string> | undefined;

/** Leaves secrets out, for a comparison of two configs. */
export const WITHOUT_SECRETS: ShowSecret = () => undefined;

/** Inputs of a component: what it is, in plain values and without secrets. */
export type Meaning = Record<string, unknown>;

/** A copy of settings without unset fields. Every output in settings is a secret. */
export function plain(settings: object, secret: ShowSecret): Meaning {
    return copy(settings, secret) as Meaning;
}

function copy(value: unknown, secret: ShowSecret): unknown {
    if (Output.isInstance(value)) return secret(value as Output<string>);
    if (Array.isArray(value)) return value.map((entry) => copy(entry, secret));
    if (typeof value !== "object" || value === null) return value;
    const entries = Object.entries(value).map(([key, part]) => [key, copy(part, secret)] as const);
    return Object.fromEntries(entries.filter(([, part]) => part !== undefined));
}
