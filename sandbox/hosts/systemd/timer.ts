import type { TimerFile } from "./unit-file";

/**
 * One timer of systemd: it starts its service, and again some time after the end of the service, successful or not.
 * Known difference: starts of the service by others do not count.
 */
export class Timer {
    state: "inactive" | "active" = "inactive";
    private next?: NodeJS.Timeout;

    /** @param run starts the service; resolves or rejects at its end */
    constructor(
        public unit: TimerFile,
        private readonly run: () => Promise<unknown>,
    ) {}

    start(): void {
        if (this.state === "active") return;
        this.state = "active";
        this.wait(this.unit.activeMs);
    }

    /** The service keeps running. */
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
