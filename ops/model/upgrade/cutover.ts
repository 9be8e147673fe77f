/** The upgrade of a stack's model, for the commands that all kinds of cutover have. */
import type { Context } from "../../context";
import type { CutoverSource } from "../../cutover/commands/carry-out";
import type { VersionArgs } from "./change";
import { verdictOf } from "./checks";
import { NO_CHANGE, upgradeOf } from "./kind";
import { readState } from "./read-state";

/** The upgrade that the options describe, with the stack and the new version that they name. */
export function upgrade(context: Context, args: VersionArgs & { stack?: string }): CutoverSource {
    return {
        kind: upgradeOf(NO_CHANGE),
        async read() {
            const found = await readState(context, args);
            return { found, verdict: (direction, ours) => verdictOf(context, found, direction, ours) };
        },
    };
}
