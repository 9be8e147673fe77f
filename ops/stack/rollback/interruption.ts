/** Handles Ctrl-C, SIGTERM and a closed terminal: running work ends properly, and temporary files are removed. */
import { unlessAborted } from "../../abort";
import { Failure } from "../../errors";

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

export interface Interruption {
    /** Aborted, with a Failure as its reason, once the process gets a signal to end. */
    signal: AbortSignal;
    /** Waits for the promise. Rejects at once if the process gets a signal to end. */
    race<T>(promise: Promise<T>): Promise<T>;
    /** Restores the earlier handling of signals. */
    end(): void;
}

/** Delays the end of the process, so that running work can clean up. */
export function interruption(): Interruption {
    const order = new AbortController();
    const onSignal = (name: NodeJS.Signals) => {
        // After SIGHUP the terminal may be closed.
        if (name === "SIGHUP")
            for (const stream of [process.stdout, process.stderr]) stream.on("error", () => undefined);
        order.abort(
            new Failure(`rollback: was ended by ${name}. See which changes were made: npm run ops -- stack history`),
        );
    };
    SIGNALS.forEach((name) => process.on(name, onSignal));
    const { signal } = order;
    return {
        signal,
        race: (promise) => unlessAborted(promise, signal),
        end: () => SIGNALS.forEach((name) => process.off(name, onSignal)),
    };
}
