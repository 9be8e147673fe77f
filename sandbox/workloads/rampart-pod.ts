import { isReady, type Snapshot } from "./cluster";
import { RAMPART, runs } from "./pods/images";

interface Running {
    close(): Promise<void>;
}

/** Rampart's controller, which runs in this process while its pod is ready. */
export class RampartPod {
    private running?: Running;

    constructor(private readonly start: () => Promise<Running>) {}

    async reconcile({ pods }: Snapshot): Promise<void> {
        const wanted = pods.some((pod) => isReady(pod) && runs(pod, RAMPART));
        if (wanted) this.running ??= await this.start();
        else await this.close();
    }

    async close(): Promise<void> {
        const { running } = this;
        this.running = undefined;
        await running?.close();
    }
}
