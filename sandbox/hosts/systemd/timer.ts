import type { TimerFile } from "./unit-file";

/**
 * One timer of systemd. It starts its service. After each end of the service, it waits and starts the service again,
 * even if the service failed.
 * Known difference: systemd also counts runs of the service that something else started. This timer does not.
 */
export class Timer {
    state: "inactive" | "active" = "inactive";
    private next?: NodeJS.Timeout;

    /** @param run starts the service; resolves or rejects when the service ends */
    constructor(
        public unit: TimerFile,
        private readonly run: () => Promise<unknown>,
    ) {}

    start(): void {
        if (this.state === "active") return;
        this.state = "active";
        this.wait(this.unit.activeMs);
    }

    /** Stops the timer. A running service keeps running. */
    stop(): void {
        this.state = "inactive";
        clearTimeout(this.next);
    }

    private wait(milliseconds: number): void {
        clearTimeout(this.next);
        this.next = setTimeout(() => {
            const ended = () => void (this.state === "active" && this.wait(this.unit.unitInactiveMs));
            this.run().then(ended, ended);
        }, milliseconds);
    }
}
