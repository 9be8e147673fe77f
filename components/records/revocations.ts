import type { RevocationsArgs } from "./revocations-rule";
import { StateRecord } from "./state-record";

/**
 * Records the keys set by operators that this stack has revoked. A preview rejects a config that declares such a key
 * again, unless it names the revocation (decision 0005). It has no parent, so that a change of option keeps the record.
 */
export class Revocations extends StateRecord {
    constructor(args: RevocationsArgs) {
        super("Revocations", "revocations", { ...args, salt: undefined, revoked: undefined }, {});
    }
}
