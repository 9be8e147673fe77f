/**
 * Measures a class's share of Alpa: `npm run load`. Two interactive callers and fifty batch callers send requests to
 * one gateway pod with one Alpa of the sandbox. Each batch caller sends as many requests as its limit allows. Then the
 * batch callers run alone. Prints the measured times. Fails if batch callers exceed their share, or if interactive
 * callers wait too long. Takes about three minutes.
 */
import { strict as assert } from "node:assert";
import { setTimeout as sleep } from "node:timers/promises";
import { ClassedAlpa } from "../unit/components/route/classed-alpa";

/** Each scenario's length, in seconds. */
const SECONDS = 20;
/** Alpa's time for one batch of four, in seconds. Before that, it waits 1 s for more requests. */
const BATCH_SECONDS = 1;
/**
 * Longest allowed wait, in seconds: the running batch and the caller's own batch, before each of which Alpa waits 1 s
 * for more requests, plus 2 s for a busy machine.
 */
const LONGEST_WITH_SHARE = 2 * (BATCH_SECONDS + 1) + 2;
const INTERACTIVE = ["chat-1", "chat-2"];
const BATCH = Array.from({ length: 50 }, (_, i) => `job-${i + 1}`);

interface Row {
    share: number | "none";
    /** Waiting time of interactive callers for an answer, in seconds. */
    median?: number;
    longest?: number;
    /** Answers to batch callers per minute. */
    batchAMinute: number;
    /** Largest number of batch callers' requests that were at Alpa at the same time. */
    mostAtAlpa: number;
}

/** Sends one request after the other until the scenario is over. After a 429, waits as Retry-After says. */
async function keepAsking(
    alpa: ClassedAlpa,
    caller: string,
    prompt: string,
    done: (from: number) => void,
    over: () => boolean,
) {
    while (!over()) {
        const from = Date.now();
        const answer = await alpa.send(caller, prompt).catch(() => undefined); // Alpa stops when the scenario is over
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
    // A request that still waits counts too, if it has waited longer than every answered request.
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

    it("keeps interactive callers from waiting for batch callers, and lets batch callers alone use it fully", async () => {
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
