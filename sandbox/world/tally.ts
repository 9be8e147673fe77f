/**
 * Counts the answers to callers, for the status page. Answers of the same place to the same caller with the same status are
 * one row.
 */

/** Part of the world that answered a caller. */
type Place = "gateway" | "edge";

export interface Answered {
    place: Place;
    /** Name of the caller at the gateway or the edge; null if the caller was not authenticated. */
    caller: string | null;
    status: number;
    /** Whether the request was a check of `pulumi up` or of an `ops` command, not of a caller. @default false */
    check?: boolean;
}

export interface Row extends Omit<Answered, "check"> {
    count: number;
    /** Time of the last answer in this row: ISO 8601. */
    last: string;
}

/** Largest number of rows: a sandbox may run for days. */
const MOST_ROWS = 500;

export class Tally {
    private readonly rows = new Map<string, Row>();
    /** Number of answers that no row counts, because the table already had MOST_ROWS rows. */
    left = 0;
    /** Number of answers to checks by `pulumi up` and `ops` commands, which no row counts. */
    checks = 0;

    /** @param since time at which the count began: ISO 8601 */
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

    /** The rows, sorted by place, caller and status. Rows without a caller come first. */
    list(): Row[] {
        const order = ({ place, caller, status }: Row) => `${place} ${caller ?? ""} ${status}`;
        return [...this.rows.values()].sort((a, b) => (order(a) < order(b) ? -1 : 1));
    }
}
