import { APISIX_VERSION } from "./version";

/** A feature of APISIX 3.18 that this emulator does not have: answered with 501 and the name, never ignored. */
export class Unsupported extends Error {
    constructor(readonly what: string) {
        super(`unsupported by the sandbox: ${what} (APISIX ${APISIX_VERSION} has it)`);
    }
}
