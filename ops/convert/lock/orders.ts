/** Orders to a running conversion: signals of the system, and the file that `abort` writes. */
import { existsSync, rmSync } from "node:fs";
import type { Context } from "../../context";
import { oncePerPress } from "../../ctrl-c";
import type { Stack } from "../../stack/stack";
import { BEFORE } from "../phases";
import { orderFile } from "./lock";

interface Listening {
    back: AbortSignal;
    stop: AbortSignal;
    /** Orders the rollback, like Ctrl-C. */
    turn(why: string): void;
    /** Reason of the interruption, if the conversion was interrupted. */
    interrupted(): string | undefined;
    end(): void;
}

/**
 * Listens for orders. The first Ctrl-C, or the file that `abort` writes, makes the conversion roll back to bare metal. The
 * second Ctrl-C, SIGTERM or a closed terminal stops the conversion in its current phase.
 */
export function listen(context: Context, stack: Stack): Listening {
    const [back, stop] = [new AbortController(), new AbortController()];
    const onInterrupt = oncePerPress(() => {
        if (back.signal.aborted) return stop.abort("it was interrupted");
        context.note(
            `\nRolling back to ${BEFORE}. Press Ctrl-C again to stop here, and continue later with convert run.`,
        );
        back.abort("it was interrupted");
    });
    const onEnd = () => stop.abort("it was terminated (SIGTERM)");
    const file = orderFile(context.folder, stack.short);
    const watch = setInterval(() => {
        if (!existsSync(file)) return;
        rmSync(file, { force: true });
        back.abort(`convert abort was run`);
    }, 500);
    const onHangUp = () => {
        // The running step must still end cleanly: output to the closed terminal must not end the process.
        for (const stream of [process.stdout, process.stderr]) stream.on("error", () => undefined);
        stop.abort("its terminal was closed");
    };
    process.on("SIGINT", onInterrupt).on("SIGTERM", onEnd).on("SIGHUP", onHangUp);
    return {
        back: back.signal,
        stop: stop.signal,
        turn: (why) => back.abort(why),
        interrupted: () => [back, stop].find(({ signal }) => signal.aborted)?.signal.reason as string | undefined,
        end: () => {
            clearInterval(watch);
            process.off("SIGINT", onInterrupt).off("SIGTERM", onEnd).off("SIGHUP", onHangUp);
        },
    };
}
