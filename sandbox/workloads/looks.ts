/** Runs a function after each change in the cluster. Runs never overlap, and changes during a run cause one more run. */

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
            try {
                await look();
            } catch (error) {
                // The API server answers 404 or 409 if another client has deleted or changed an object. That change triggers
                // another run.
                if (!this.closed) this.log(`workloads: ${(error as Error).message.split("\n")[0]}`);
                this.dirty = true;
                await new Promise((resolve) => setTimeout(resolve, PAUSE_MILLISECONDS));
            }
        }
    }
}
