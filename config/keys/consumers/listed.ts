import { createHash } from "node:crypto";
import type { Limits } from "../../../components/consumers/limits";
import type { Lasting } from "./credentials";
import type { ParsedGatewayOption } from "../gateway-option";

/** A credential as the config lists it, also an expired one, without a key that an operator has set. */
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

export const listed = (consumers: Parsed[]): ListedCaller[] =>
    consumers.map((one) => ({ ...one, credentials: one.credentials.map(({ key: _, ...credential }) => credential) }));

/**
 * A digest of the list of callers (limits, classes, methods), which shows whether the list has changed since a verification.
 * Keys that operators set are not part of the digest.
 */
export function digestOf({ consumers, limits, classes }: ParsedGatewayOption): string {
    const plain = consumers.map(({ credentials, ...rest }) => ({
        ...rest,
        credentials: credentials.map(({ key, ...one }) => ({ ...one, brought: key !== undefined })),
    }));
    const callers = limits === undefined ? plain : [limits, plain];
    const all = classes === undefined ? callers : [classes, callers];
    return createHash("sha256").update(JSON.stringify(all)).digest("hex").slice(0, 16);
}
