import { createHash } from "node:crypto";
import type { Limits } from "../../../components/consumers/limits";
import { dayText, type Lasting } from "./credentials";
import type { ParsedGatewayOption } from "../gateway-option";

/** A credential as the config lists it, also an expired one, without a key that an operator has set. Days have no time. */
export interface ListedCredential extends Omit<Lasting, "key"> {
    method: string;
    secretVersion?: number;
    previousSecretExpires?: string;
}

/** A caller as the config lists it, for commands. */
export interface ListedCaller {
    name: string;
    class?: string;
    models?: string[];
    limits?: Limits;
    credentials: ListedCredential[];
}

type Parsed = Omit<ListedCaller, "credentials"> & { credentials: (ListedCredential & { key?: unknown })[] };

export function listed(consumers: Parsed[]): ListedCaller[] {
    return consumers.map(({ credentials, ...own }) => ({
        ...own,
        credentials: credentials.map(({ key: _, expires, previousSecretExpires: until, ...one }) => ({
            ...one,
            ...(expires !== undefined && { expires: dayText(expires) }),
            ...(until !== undefined && { previousSecretExpires: dayText(until) }),
        })),
    }));
}

/**
 * A digest of the list of callers (limits, classes, methods), which shows whether the list has changed since a verification.
 * Keys that operators set are not part of the digest.
 */
export function digestOf({
    consumers,
    limits,
    classes,
}: Pick<ParsedGatewayOption, "consumers" | "limits" | "classes">): string {
    const plain = consumers.map(({ credentials, ...rest }) => ({
        ...rest,
        credentials: credentials.map(({ key, ...one }) => ({ ...one, brought: key !== undefined })),
    }));
    const callers = limits === undefined ? plain : [limits, plain];
    const all = classes === undefined ? callers : [classes, callers];
    return createHash("sha256").update(JSON.stringify(all)).digest("hex").slice(0, 16);
}
