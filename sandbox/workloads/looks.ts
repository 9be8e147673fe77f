/** Runs a function after each change in the cluster. Runs never overlap, and changes during a run cause one more run. */

/** Time after which a run is logged as slow, because no pod becomes ready during a run. */
const LATE_MILLISECONDS = 20_000;
/** Pause after a failed run. */
const PAUSE_MILLISECONDS = 200;

export class Looks {
    private dirty = true;
    private wake = () => {};
    private closed = false;
    private running: Promise<void> | undefined;

    constructor(private readonly log: (line: string) => void) {}

    /** Requests another run. */
    readonly changed = (): void => {
        this.dirty = true;
        this.wake();
    };

    begin(look: () => Promise<void>): void {
        this.running = this.run(look);
    }

    /** Resolves at the end of the current run. */
    async close(): Promise<void> {
        this.closed = true;
        this.wake();
        await this.running;
    }

    private async run(look: () => Promise<void>): Promise<void> {
        while (!this.closed) {
            if (!this.dirty) await new Promise<void>((resolve) => (this.wake = resolve));
            this.dirty = false;
            const late = this.sayWhenLate();
            try {
                await look();
            } catch (error) {
                // The API server answers 404 or 409 if another client has deleted or changed an object. That change triggers
                // another run.
                if (!this.closed) this.log(`workloads: ${(error as Error).message.split("\n")[0]}`);
                this.dirty = true;
                await new Promise((resolve) => setTimeout(resolve, PAUSE_MILLISECONDS));
            } finally {
                clearInterval(late);
            }
        }
    }

    private sayWhenLate(): NodeJS.Timeout {
        const began = performance.now();
        return setInterval(() => {
            const seconds = ((performance.now() - began) / 1000).toFixed(0);
            this.log(`workloads: one reconciliation has run for ${seconds} s, and no pod becomes ready before it ends`);
        }, LATE_MILLISECONDS);
    }
}
