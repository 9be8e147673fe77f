/** Gives the shared cutover commands what they need to upgrade a stack's model. */
import type { Context } from "../../context";
import type { CutoverSource } from "../../cutover/commands/carry-out";
import type { VersionArgs } from "./change";
import { verdictOf } from "./checks";
import { NO_CHANGE, upgradeOf } from "./kind";
import { readState } from "./read-state";

export function upgrade(context: Context, args: VersionArgs & { stack?: string }): CutoverSource {
    return {
        kind: upgradeOf(NO_CHANGE),
        async read() {
            const found = await readState(context, args);
            return { found, verdict: (direction, ours) => verdictOf(context, found, direction, ours) };
        },
    };
}
