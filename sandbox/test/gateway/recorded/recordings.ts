/** Replays all recordings of a running APISIX and lists where the emulator differs. */
import { Bench } from "./bench";
import { Placeholders } from "./placeholders";
import type { Json, RecordedCase, Recordings } from "./recording-types";

export interface Outcome {
    recorded: RecordedCase;
    differences: string[];
    /** The answer that rejected the configuration. */
    refused?: { status: number; body: unknown };
}

/** Number of benches, each with its own gateway, that replay cases at the same time. */
const PARALLEL = 8;
/**
 * Attempts for a case that has failed. It runs again alone, because the recorded limits have windows of one and two
 * seconds, and a busy machine may be too slow for them.
 */
const ATTEMPTS_ALONE = 3;

/** Replays every case. All cases of a sequence use the same bench, in their order. The bench has new counters. */
export async function replayAll(recordings: Recordings): Promise<Outcome[]> {
    const placeholders = new Placeholders(recordings.tokens);
    const batches = new Map<string, RecordedCase[]>();
    for (const recorded of recordings.cases) {
        // A case with `whileInFlight` has limits that would also count concurrent requests of other cases. It therefore
        // has its own bench.
        const alone = recorded.whileInFlight ? `#${recorded.id}` : "";
        const name = `${recorded.config}#${recorded.sequence ?? ""}${alone}`;
        batches.set(name, [...(batches.get(name) ?? []), recorded]);
    }
    const queue = [...batches.values()];
    const outcomes: Outcome[] = [];
    const different: RecordedCase[][] = [];
    const isDifferent = (results: Outcome[]) => results.some((r) => r.differences.length > 0);
    const work = async () => {
        for (let batch = queue.shift(); batch; batch = queue.shift()) {
            const results = await replayBatch(recordings, batch, placeholders);
            if (isDifferent(results)) different.push(batch);
            else outcomes.push(...results);
        }
    };
    await Promise.all(Array.from({ length: PARALLEL }, work));
    for (const batch of different) {
        let results = await replayBatch(recordings, batch, placeholders);
        for (let i = 1; i < ATTEMPTS_ALONE && isDifferent(results); i++)
            results = await replayBatch(recordings, batch, placeholders);
        outcomes.push(...results);
    }
    return outcomes;
}

async function replayBatch(
    recordings: Recordings,
    batch: RecordedCase[],
    placeholders: Placeholders,
): Promise<Outcome[]> {
    const config = recordings.configs[batch[0].config];
    const bench = await Bench.start(config, placeholders);
    try {
        const refused = await bench.load(config);
        const outcomes: Outcome[] = [];
        for (const recorded of batch) {
            const others = recorded.unstable === "which of the two requests fails" ? batch : [];
            outcomes.push({ recorded, differences: refused ? [] : await bench.replay(recorded, others), refused });
        }
        return outcomes;
    } finally {
        await bench.stop();
    }
}

/** Replays the Admin API's cases in order on one gateway. @param setup calls before a case, by its id */
export async function replayAdmin(
    recordings: Recordings,
    setup: Record<string, [method: string, path: string, body: Json | null][]>,
): Promise<{ id: string; differences: string[] }[]> {
    const bench = await Bench.start({}, new Placeholders(recordings.tokens));
    const outcomes = [];
    try {
        for (const { id, request, expect } of recordings.adminCases) {
            for (const [method, path, body] of setup[id] ?? []) await bench.admin(method, `/apisix/admin${path}`, body);
            const got = await bench.admin(request.method, request.path, request.body);
            const differences: string[] = [];
            if (got.status !== expect.status) differences.push(`status ${got.status}, recorded ${expect.status}`);
            const wanted = JSON.stringify(sorted(expect.bodyJson)).replaceAll('"127.0.0.1:19801"', '"node"');
            const shown = JSON.stringify(sorted(got.body)).replace(/"127\.0\.0\.1:\d+"/g, '"node"');
            const blurred = shown.replace(/"(create_time|update_time|createdIndex|modifiedIndex)":\d+/g, '"$1":"~int"');
            if (blurred !== wanted) differences.push(`body ${shown}, recorded ${wanted}`);
            outcomes.push({ id, differences });
        }
    } finally {
        await bench.stop();
    }
    return outcomes;
}

/** The same value with sorted keys. */
function sorted(value: unknown): unknown {
    if (Array.isArray(value)) return value.map(sorted);
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(
        Object.entries(value)
            .sort(([a], [b]) => (a < b ? -1 : 1))
            .map(([k, v]) => [k, sorted(v)]),
    );
}
