/** Additional programs: each runs in this process while a pod of its image is ready. */
import { isReady, type Snapshot } from "./cluster";

export interface Program {
    image: RegExp;
    start(): Promise<Running>;
}

interface Running {
    close(): Promise<void>;
}

export class Programs {
    private readonly all: { program: Program; running?: Running }[];

    constructor(programs: Program[]) {
        this.all = programs.map((program) => ({ program }));
    }

    async reconcile({ pods }: Snapshot): Promise<void> {
        for (const one of this.all) {
            const { image } = one.program;
            const wanted = pods.some(
                (pod) => isReady(pod) && pod.spec?.containers.some((container) => image.test(container.image ?? "")),
            );
            if (wanted && !one.running) one.running = await one.program.start();
            if (!wanted && one.running) await one.running.close().finally(() => (one.running = undefined));
        }
    }

    async close(): Promise<void> {
        for (const { running } of this.all) await running?.close();
    }
}
