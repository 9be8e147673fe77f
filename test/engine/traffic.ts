import type { AccessStack, Pair } from "./cloudflare-kit";

/** A caller that always has some requests open, until it is stopped. */
export class Traffic {
    private readonly seen = new Set<string>();
    private stopped = false;
    private readonly loops: Promise<void>[];
    count = 0;

    constructor(stack: AccessStack, pair: Pair) {
        this.loops = Array.from({ length: 4 }, async () => {
            while (!this.stopped) {
                const answer = await stack.call(pair).catch((error: Error) => ({ status: error.message }));
                this.seen.add(String(answer.status));
                this.count++;
            }
        });
    }

    /** Every status that was answered. */
    async stop(): Promise<string[]> {
        this.stopped = true;
        await Promise.all(this.loops);
        return [...this.seen];
    }
}
