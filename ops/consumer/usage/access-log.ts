import * as z from "zod";
import type { Period } from "./period";
import { Tally, type Grouping } from "./tally";

/** The used fields of a line, in the log format of components/apisix/access-log.ts. */
const LINE = z.object({
    time: z.iso.datetime({ offset: true }),
    consumer: z.string(),
    credential: z.string(),
    status: z.number().int(),
    reason: z.string().regex(/^[a-z-]{0,40}$/),
    // The times of all upstreams that got the request. nginx writes `-` for an upstream that did not answer.
    upstream_time: z.string().regex(/^[-\d., :]*$/),
    bytes_sent: z.number().nonnegative(),
});

/** How far the clock of a gateway pod may be ahead of this machine's. */
const CLOCK_SKEW_MS = 5 * 60_000;
/** Longer than any line of the access log. The rest of a longer line is not kept in memory. */
const LONGEST_LINE = 64 * 1024;

/** How the lines were counted. `counted`, `older`, `ahead` and `other` add up to `read`. */
export interface Lines {
    read: number;
    counted: number;
    /** Lines with a time before the period. */
    older: number;
    /** Lines with a time over 5 minutes ahead of this machine's clock. */
    ahead: number;
    /** Lines of APISIX's error log, or of another program. */
    other: number;
    /** Time of the oldest line of the access log; null if there is no line. */
    oldest: string | null;
}

/** Counts an access log line by line: a log may be larger than memory. */
export async function readAccessLog(
    input: AsyncIterable<string | Buffer>,
    period: Period,
    by: Grouping,
): Promise<{ tally: Tally; lines: Lines }> {
    const tally = new Tally({ knowsUpstream: true });
    const lines: Lines = { read: 0, counted: 0, older: 0, ahead: 0, other: 0, oldest: null };
    let oldest = Infinity;
    for await (const some of linesOf(input))
        for (const text of some) {
            lines.read++;
            const line = parse(text);
            if (line === undefined) {
                lines.other++;
                continue;
            }
            const at = Date.parse(line.time);
            oldest = Math.min(oldest, at);
            if (at < period.from.getTime()) lines.older++;
            else if (at > period.to.getTime() + CLOCK_SKEW_MS) lines.ahead++;
            else {
                lines.counted++;
                count(tally, line, by);
            }
        }
    if (oldest < Infinity) lines.oldest = new Date(oldest).toISOString();
    return { tally, lines };
}

type Line = z.output<typeof LINE>;

function parse(text: string): Line | undefined {
    try {
        return LINE.safeParse(JSON.parse(text)).data;
    } catch {
        return undefined;
    }
}

function count(tally: Tally, line: Line, by: Grouping): void {
    const owner = { consumer: line.consumer, ...(by === "credential" ? { digest: line.credential } : {}) };
    tally.count(owner, { status: line.status, reason: line.reason || null, requests: 1 });
    tally.addBytes(owner, line.bytes_sent);
    const milliseconds = (line.upstream_time.match(/\d+(\.\d+)?/g) ?? []).map((one) => Math.round(Number(one) * 1000));
    tally.addUpstream(
        owner,
        milliseconds.reduce((sum, one) => sum + one, 0),
    );
}

/** Yields the lines in groups, which is many times faster than single lines. Empty lines are omitted. */
async function* linesOf(input: AsyncIterable<string | Buffer>): AsyncGenerator<string[]> {
    const decoder = new TextDecoder();
    let rest = "";
    for await (const chunk of input) {
        const some = (rest + (typeof chunk === "string" ? chunk : decoder.decode(chunk, { stream: true }))).split("\n");
        rest = some.pop()!.slice(0, LONGEST_LINE);
        yield some.filter(isThere);
    }
    yield [rest].filter(isThere);
}

const isThere = (line: string) => line.trim() !== "";
