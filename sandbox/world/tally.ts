/** Counts answers by their source, caller and status, for the status page. */

/** Sources of answers. */
type Place = "gateway" | "edge";

/** One answer as its caller saw it. */
export interface Answered {
    place: Place;
    /** Caller's name in that place. Null: not authenticated. */
    caller: string | null;
    status: number;
    /** Whether it answers a check of `pulumi up` or of an operator's command, and no caller. @default false */
    check?: boolean;
}

export interface Row extends Omit<Answered, "check"> {
    count: number;
    /** Time of the last one: ISO 8601. */
    last: string;
}

/** Largest number of rows: a sandbox may run for days. */
const MOST_ROWS = 500;

export class Tally {
    private readonly rows = new Map<string, Row>();
    /** Answers to callers without a row. */
    left = 0;
    /** Answers to checks, which are in no row. */
    checks = 0;

    /** @param since when the count began: ISO 8601 */
    constructor(readonly since = new Date().toISOString()) {}

    add({ check, ...answered }: Answered, now = new Date()): void {
        if (check) {
            this.checks++;
            return;
        }
        const key = JSON.stringify([answered.place, answered.caller, answered.status]);
        const row = this.rows.get(key);
        if (row === undefined && this.rows.size >= MOST_ROWS) {
            this.left++;
            return;
        }
        this.rows.set(key, { ...answered, count: (row?.count ?? 0) + 1, last: now.toISOString() });
    }

    /** Sorted by place, caller and status; those without a caller first. */
    list(): Row[] {
        const order = ({ place, caller, status }: Row) => `${place} ${caller ?? ""} ${status}`;
        return [...this.rows.values()].sort((a, b) => (order(a) < order(b) ? -1 : 1));
    }
}
