import { APISIX_VERSION } from "./version";

/**
 * A feature of APISIX 3.18 that this emulator does not have: the answer is 501 with the feature's name. No setting is ignored
 * silently.
 */
export class Unsupported extends Error {
    constructor(what: string) {
        super(`unsupported by the sandbox: ${what} (APISIX ${APISIX_VERSION} has it)`);
    }
}
