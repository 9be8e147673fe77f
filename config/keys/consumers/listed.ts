import type { Limits } from "../../../components/consumers/limits";
import { dayText, type Lasting } from "./credentials";

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
    /** Limits of its own entry. */
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
