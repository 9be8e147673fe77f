// The worker's queue (alpa-projects/alpa @ b8078a9, examples/llm_serving/launch_model_worker.py): batches of /completions
// and the cache of /logprobs.
//
// These faults of the original are kept, because the gateway must cope with them:
// - An exception inside generation ends the batch loop forever: neither that request nor any later valid request is answered.
// - A whole batch uses `n` and `echo` of its last request (and temperature and top_p, which this model does not use).
// - While the worker generates, it does nothing else: no other request is even read.
// - A logprobs request that continues a cache entry younger than 15 s is served before all waiting requests.

import { forward, generate, MAX_BATCH } from "./model";
import { PyError, type PyValue } from "./python-value";

interface Generation {
    kind: "generate";
    input: PyValue;
    minTokens: bigint;
    maxTokens: bigint;
    n: bigint;
    echo: boolean;
    done: (text: string) => void;
}

export interface Scoring {
    kind: "logprobs";
    inputs: PyValue;
    /**
     * Id of the cache entry. The answer contains it, and a later request with this id is served before all waiting requests.
     */
    cacheId: string;
    topK: bigint;
    done: (found: { logprobs: number[][]; indices: number[][] } | PyError) => void;
}

// Number of queued requests at which the worker starts a batch at once instead of waiting for more: batch_wait_size_mult ×
// max_batch_size.
const FULL_QUEUE = 10 * MAX_BATCH;

// Largest number of cache entries, over all users: logprobs_past_cache_size_limit of the worker.
const CACHE_LIMIT = 4;

// Time after the first request of a cache entry during which further requests of the entry are served before all others:
// LOGPROBS_PRIORITY_TIME_LIMIT_S.
const FIRST_COME_FIRST_MS = 15_000;

export interface BatchOptions {
    /** Time that the generation of one batch takes, in seconds. */
    seconds: number;
    /** Waits for more requests after the first request of a batch. */
    batchWindow: () => Promise<unknown>;
    /** The current time in milliseconds. It determines the age of cache entries. */
    now: () => number;
    log: (line: string) => void;
}

export class BatchLoop {
    private readonly queue: (Generation | Scoring)[] = [];
    private readonly cache = new Map<string, { used: number; since: number; inputs: PyValue[][] }>();
    private wake: () => void = () => {};
    private uses = 0;
    private closed = false;
    /** Resolves when no batch is being generated. */
    idle: Promise<unknown> = Promise.resolve();
    /** The exception that has ended the loop. No valid request is answered after it. */
    died?: Error;

    constructor(private readonly options: BatchOptions) {
        void this.run();
    }

    close(): void {
        this.closed = true;
        this.wake();
    }

    push(item: Generation | Scoring): void {
        if (item.kind === "logprobs" && this.goesFirst(item)) this.queue.unshift(item);
        else this.queue.push(item);
        this.wake();
    }

    private goesFirst({ cacheId }: Scoring): boolean {
        const known = this.cache.get(cacheId);
        return known !== undefined && known.since >= this.options.now() - FIRST_COME_FIRST_MS;
    }

    private async run(): Promise<void> {
        try {
            for (;;) {
                while (this.queue.length === 0 && !this.closed) {
                    await new Promise<void>((resolve) => (this.wake = resolve));
                }
                if (this.closed) return;
                const first = this.queue.shift() as Generation | Scoring;
                if (first.kind === "logprobs") this.score(first);
                else await this.generateBatch(first);
            }
        } catch (error) {
            if (!(error instanceof PyError)) throw error; // the emulator has a bug
            // As in the original, the loop ends and no waiting request is answered. The original never awaits the loop's
            // task, so Python prints the exception only at exit, or never.
            this.died = error;
            this.options.log(
                `The batch loop has ended: ${this.died.message}. No valid request gets an answer until a restart.`,
            );
        }
    }

    private async generateBatch(first: Generation): Promise<void> {
        if (this.queue.length < FULL_QUEUE) await this.options.batchWindow();
        const batch = [first];
        while (batch.length < MAX_BATCH && this.queue.length > 0) {
            const next = this.queue.shift() as Generation | Scoring;
            if (next.kind === "generate") batch.push(next);
            else {
                this.queue.unshift(next);
                break;
            }
        }
        const last = batch[batch.length - 1];
        const texts = generate({
            inputs: batch.map((item) => item.input),
            minTokens: batch.map((item) => item.minTokens),
            maxTokens: batch.map((item) => item.maxTokens),
            n: last.n,
            echo: last.echo,
        });
        this.idle = new Promise((resolve) => setTimeout(resolve, this.options.seconds * 1000));
        await this.idle;
        batch.forEach((item, i) => item.done(texts[i]));
    }

    private score(item: Scoring): void {
        const inputs = item.inputs;
        if (!Array.isArray(inputs) || !inputs.every(Array.isArray)) {
            throw new PyError("inputs must be a list of lists of token ids");
        }
        const known = this.cache.get(item.cacheId);
        if (known && !extendsByOne(known.inputs, inputs)) {
            this.cache.delete(item.cacheId);
            const what =
                "Request does not extend cached request by one token; " +
                "you are probably using the logprobs endpoint incorrectly.";
            return item.done(new PyError(what));
        }
        const found = forward(inputs, item.topK);
        this.cache.set(item.cacheId, { used: ++this.uses, since: known?.since ?? this.options.now(), inputs });
        while (this.cache.size > CACHE_LIMIT) {
            const [oldest] = [...this.cache].reduce((a, b) => (b[1].used < a[1].used ? b : a));
            this.cache.delete(oldest);
        }
        item.done(found);
    }
}

function extendsByOne(before: PyValue[][], now: PyValue[][]): boolean {
    return (
        before.length === now.length &&
        before.every((old, i) => now[i].length === old.length + 1 && old.every((id, j) => id === now[i][j]))
    );
}
