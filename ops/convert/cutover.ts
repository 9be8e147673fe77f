/** Gives the shared cutover commands what they need to convert a stack. */
import type { Option } from "commander";
import { choice } from "../arguments";
import type { Context } from "../context";
import type { CutoverSource } from "../cutover/commands/carry-out";
import { verdictOf } from "./checks";
import { CONVERSION } from "./kind";
import { readState } from "./read-state";

/** Option `--to`, the target of the conversion. */
export function targetOption(about: string): Option {
    return choice("--to <option>", about, ["intra-a", "intra-b"]);
}

export function conversion(context: Context, args: { stack?: string }): CutoverSource {
    return {
        kind: CONVERSION,
        async read() {
            const found = await readState(context, args.stack);
            return { found, verdict: (direction, ours) => verdictOf(context, found, direction, ours) };
        },
    };
}
