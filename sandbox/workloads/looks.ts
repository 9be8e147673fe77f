/** Looks at the cluster again and again: one look after the other, and none while nothing has changed. */

/** A look that takes longer is logged, since no pod becomes ready meanwhile. */
const LATE_MILLISECONDS = 20_000;
/** Pause after a look that failed. */
const PAUSE_MILLISECONDS = 200;

export class Looks {
    private dirty = true;
    private wake = () => {};
    private closed = false;
    private running: Promise<void> | undefined;

    constructor(private readonly log: (line: string) => void) {}

    /** Brings another look. */
    readonly changed = (): void => {
        this.dirty = true;
        this.wake();
    };

    begin(look: () => Promise<void>): void {
        this.running = this.run(look);
    }

    /** Resolves when the current look has ended. */
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
                // An object that changed or went meanwhile: the next change brings another look.
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
            this.log(`workloads: nothing in the cluster moves, one look goes on since ${seconds} s`);
        }, LATE_MILLISECONDS);
    }
}
