/**
 * What a share of Alpa costs and saves: `npm run load`. Two interactive callers, one request after the other, and fifty batch
 * callers that each send the next request as soon as they may, at one gateway pod with one Alpa of the sandbox; then the batch callers
 * alone. Prints the times that were measured. Fails where a share is exceeded, or does not help. About three minutes.
 */
import { strict as assert } from "node:assert";
import { setTimeout as sleep } from "node:timers/promises";
import { ClassedAlpa } from "../unit/classed-alpa";

/** Each scenario's length, in seconds. */
const SECONDS = 20;
/** Alpa's time for one batch of four, in seconds. It waits a second for companions before. */
const BATCH_SECONDS = 1;
/** Rest of the batch that runs, and one's own, each with its wait; and two seconds for the machine. */
const LONGEST_WITH_SHARE = 2 * (BATCH_SECONDS + 1) + 2;
const INTERACTIVE = ["chat-1", "chat-2"];
const BATCH = Array.from({ length: 50 }, (_, i) => `job-${i + 1}`);

interface Row {
    share: number | "none";
    /** Waiting time of interactive callers for an answer, in seconds. */
    median?: number;
    longest?: number;
    /** Answers to batch callers a minute. */
    batchAMinute: number;
    /** Requests of batch callers that were at Alpa at the same time. */
    mostAtAlpa: number;
}

/** Requests one after the other until the scenario is over; after a 429 as late as it says. */
async function keepAsking(
    alpa: ClassedAlpa,
    caller: string,
    prompt: string,
    done: (from: number) => void,
    over: () => boolean,
) {
    while (!over()) {
        const from = Date.now();
        const answer = await alpa.send(caller, prompt).catch(() => undefined); // the scenario is over
        if (answer?.status === 200) done(from);
        else if (answer?.status === 429) await sleep(Number(answer.headers["retry-after"]) * 1000);
        else if (!over()) assert.fail(`${caller} got ${answer?.status ?? "no answer"}`);
    }
}

async function scenario(share: Row["share"], interactive: string[], batch: string[]): Promise<Row> {
    let [atAlpa, mostAtAlpa, answered, isOver] = [0, 0, 0, false];
    const waits: number[] = [];
    const classes = share === "none" ? undefined : [{ name: "batch", members: BATCH, completions: share, logprobs: 1 }];
    const alpa = await ClassedAlpa.start({
        callers: [...INTERACTIVE, ...BATCH],
        classes,
        seconds: BATCH_SECONDS,
        onPrompt: (prompt) => {
            if (prompt === "batch") mostAtAlpa = Math.max(mostAtAlpa, ++atAlpa);
        },
    });
    const over = () => isOver;
    const seconds = (from: number) => (Date.now() - from) / 1000;
    const asked = new Map<string, number>();
    const loops = [
        ...interactive.map((caller) =>
            keepAsking(
                alpa,
                caller,
                "interactive",
                (from) => (waits.push(seconds(from)), asked.set(caller, Date.now())),
                over,
            ),
        ),
        ...batch.map((caller) => keepAsking(alpa, caller, "batch", () => (answered++, atAlpa--), over)),
    ];
    const began = Date.now();
    interactive.forEach((caller) => asked.set(caller, began));
    await sleep(SECONDS * 1000);
    // A request without an answer has waited so long at least.
    waits.push(...[...asked.values()].map(seconds).filter((wait) => wait > Math.max(0, ...waits)));
    isOver = true;
    await alpa.stop();
    await Promise.all(loops);
    waits.sort((a, b) => a - b);
    const rounded = (n: number) => Number(n.toFixed(1));
    return {
        share,
        ...(waits.length > 0 && { median: rounded(waits[waits.length >> 1]), longest: rounded(waits.at(-1)!) }),
        batchAMinute: Math.round((answered * 60) / SECONDS),
        mostAtAlpa,
    };
}

describe("a share of Alpa for fifty batch callers", function () {
    this.timeout(10 * 60_000);

    it("keeps interactive callers from waiting for them, and lets batch callers have Alpa up to it", async () => {
        const quiet = await scenario("none", INTERACTIVE, []);
        const contended: Row[] = [];
        const idle: Row[] = [];
        for (const share of ["none", 1, 2, 4] as const) contended.push(await scenario(share, INTERACTIVE, BATCH));
        for (const share of ["none", 1, 2, 4] as const) idle.push(await scenario(share, [], BATCH));
        console.log(`\ninteractive callers alone`);
        console.table([quiet]);
        console.log(`with ${BATCH.length} batch callers`);
        console.table(contended);
        console.log(`${BATCH.length} batch callers alone`);
        console.table(idle);

        const [without, ...withShare] = contended;
        for (const { share, longest, mostAtAlpa } of withShare) {
            assert.ok(mostAtAlpa <= Number(share), `${mostAtAlpa} at Alpa with a share of ${share}`);
            assert.ok(longest! <= LONGEST_WITH_SHARE, `waited ${longest} s with a share of ${share}`);
            assert.ok(
                longest! < without.longest!,
                `waited ${longest} s with a share, and ${without.longest} s without`,
            );
        }
        for (const { share, mostAtAlpa, batchAMinute } of idle.slice(1)) {
            assert.equal(mostAtAlpa, share, "batch callers alone do not use their share");
            assert.ok(batchAMinute > 0);
        }
    });
});
