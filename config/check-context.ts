import type { ApiAccess } from "./api-access";
import type { Path } from "./cross-check";

/** Facts for the checks of an option that are not in the config values. */
export interface CheckContext {
    /**
     * Whether a key of the stack config is stored encrypted. With a second argument: whether this value inside the key is
     * stored encrypted.
     */
    isSecret: (key: string, value?: unknown) => boolean;
    /** Current day, which decides which credentials have expired. */
    today: Date;
    /** Access to the Cloudflare API. Default: none; the check of the API token is then skipped. */
    api?: ApiAccess;
    /** Folder of the stack file, the base of relative paths in it. */
    folder: string;
    /** Text of a path for messages. Callers of a callers file have paths in that file. */
    textOf: (path: Path) => string;
}
