import * as pulumi from "@pulumi/pulumi";
import { provider } from "./revocations-provider";

export interface RevocationsArgs {
    /** Digest of each key that a caller has brought, and of each public key, by `<consumer>/<credential>`; a secret. */
    declared: pulumi.Input<Record<string, string>>;
    /** Ids of revocations that the config takes back, by the `<consumer>/<credential>` that has the key again. */
    readmit: Record<string, string>;
}

/**
 * Remembers which keys of callers' own this stack has revoked. A config that declares one of them again is rejected in preview,
 * unless it names the revocation. Nothing is made anywhere for it (decision 0036).
 */
export class Revocations extends pulumi.dynamic.Resource {
    constructor(name: string, args: RevocationsArgs, opts: pulumi.CustomResourceOptions) {
        super(provider, name, { ...args, salt: undefined, revoked: undefined }, opts, "alpa-auth", "Revocations");
    }
}
