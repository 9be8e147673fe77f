import { execFile } from "node:child_process";
import { setTimeout as pause } from "node:timers/promises";
import { promisify } from "node:util";
import { endAfterTest } from "./leftovers";

const run = promisify(execFile);

/**
 * Runs `ps` repeatedly until `stop`, and keeps the process lists that every user of the machine sees. `ps` runs
 * asynchronously, because hosts and gateways run in this process too.
 */
export class ProcessLists {
    private readonly texts: string[] = [];
    private stopped = false;
    private readonly loop: Promise<void>;

    constructor(everyMilliseconds: number) {
        endAfterTest(() => (this.stopped = true));
        this.loop = this.take(everyMilliseconds);
    }

    private async take(everyMilliseconds: number): Promise<void> {
        while (!this.stopped) {
            this.texts.push((await run("ps", ["axww", "-o", "args"], { maxBuffer: 1e8 })).stdout);
            await pause(everyMilliseconds);
        }
    }

    /** @returns all lists */
    async stop(): Promise<string> {
        this.stopped = true;
        await this.loop;
        return this.texts.join("\n");
    }
}
