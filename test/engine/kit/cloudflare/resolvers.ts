/** Resolvers that are asked all the time while a zone moves: two that know, and two that have just started, in each round. */
import { strict as assert } from "node:assert";
import type { Dns } from "../../../../sandbox/dns/start";

/** What is asked and the right answer; `edge`: of a proxied name, the one that the edge gives. */
export interface Question {
    name: string;
    type: string;
    /** Values, joined by commas, or the code of an error. */
    right: string;
    edge?: string;
}

/** Between two rounds. */
const PAUSE_MS = 100;

/** Whether proxied names lead to the edge: nowhere yet, for some already, for everybody. */
export type AtEdge = "none" | "some" | "all";

export class Resolvers {
    /** Rounds so far. */
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

    /** What is right from now on. Comes back when all rounds that began before are over, and one after them. */
    async expect(atEdge: AtEdge = this.atEdge): Promise<void> {
        this.atEdge = atEdge;
        const end = this.rounds + 2;
        while (this.rounds < end && !this.stopped) await new Promise((resolve) => setTimeout(resolve, 10));
        this.check();
    }

    /** Fails with every wrong answer so far. */
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
            // Without it the emulators, which are in this process too, would hardly get a turn.
            await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
        }
    }
}
