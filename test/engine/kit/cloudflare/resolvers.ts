/**
 * Resolvers that query the zone in rounds while it moves. In each round, two resolvers with a warm cache and two with an
 * empty cache send all queries.
 */
import { strict as assert } from "node:assert";
import type { Dns } from "../../../../sandbox/dns/start";

/** A query and its right answer. */
export interface Question {
    name: string;
    type: string;
    /** Values, joined by commas, or the error code. */
    right: string;
    edge?: string;
}

/** Pause between two rounds. */
const PAUSE_MS = 100;

/** Which resolvers get the edge's addresses for proxied names: none, some, or all. */
export type AtEdge = "none" | "some" | "all";

export class Resolvers {
    /** Number of rounds so far. */
    rounds = 0;
    private readonly wrong = new Set<string>();
    private atEdge: AtEdge = "none";
    private stopped = false;
    private readonly loop: Promise<void>;

    constructor(
        private readonly dns: Dns,
        private readonly questions: Question[],
    ) {
        this.loop = this.ask();
    }

    /** Sets which answers are right. Resolves after a whole round of queries that began after this call. */
    async expect(atEdge: AtEdge = this.atEdge): Promise<void> {
        this.atEdge = atEdge;
        const end = this.rounds + 2;
        while (this.rounds < end && !this.stopped) await new Promise((resolve) => setTimeout(resolve, 10));
        this.check();
    }

    /** Fails with all wrong answers so far. */
    check(): void {
        assert.deepEqual([...this.wrong], []);
    }

    async stop(): Promise<void> {
        this.stopped = true;
        await this.loop;
    }

    private async ask(): Promise<void> {
        const pair = () => (["parent", "child"] as const).map((one) => this.dns.resolver(one));
        const knowing = pair();
        while (!this.stopped) {
            const { atEdge } = this;
            for (const resolver of [...knowing, ...pair()])
                for (const { name, type, right, edge = right } of this.questions) {
                    const allowed = { none: [right], some: [right, edge], all: [edge] }[atEdge];
                    const said = await resolver.resolve(name, type).then(
                        ({ rcode, values }) => (rcode === "NOERROR" ? values.join() : rcode),
                        (error: Error) => error.message,
                    );
                    if (!allowed.includes(said))
                        this.wrong.add(`${name} ${type}: ${said.slice(0, 60)} (round ${this.rounds}, ${atEdge})`);
                }
            this.rounds++;
            // Without this pause the emulators, which run in this process too, would hardly get CPU time.
            await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
        }
    }
}
