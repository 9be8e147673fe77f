import type { AccessStack, Pair } from "./cloudflare-kit";
import { endAfterTest } from "./leftovers";

/** One request, and when it was under way (milliseconds since 1970). */
export interface Sent {
    status: string;
    from: number;
    to: number;
}

/** A caller that always has some requests open, until it is stopped. */
export class Traffic {
    readonly sent: Sent[] = [];
    private stopped = false;
    private readonly loops: Promise<void>[];

    constructor(stack: AccessStack, pair: Pair) {
        endAfterTest(() => (this.stopped = true));
        this.loops = Array.from({ length: 4 }, async () => {
            while (!this.stopped) {
                const from = Date.now();
                const answer = await stack.call(pair).catch((error: Error) => ({ status: error.message }));
                this.sent.push({ status: String(answer.status), from, to: Date.now() });
            }
        });
    }

    get count(): number {
        return this.sent.length;
    }

    /** Every status that was answered. */
    async stop(): Promise<string[]> {
        this.stopped = true;
        await Promise.all(this.loops);
        return [...new Set(this.sent.map(({ status }) => status))];
    }
}
