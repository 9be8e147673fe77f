/** Answers by where they came from, caller and status: what the status page counts. */

/** Where requests are counted. */
export type Place = "gateway" | "edge";

/** One answer to a caller, whose status its caller saw. */
export interface Answered {
    place: Place;
    /** Name of the caller as the place has it. Null: none was authenticated. */
    caller: string | null;
    status: number;
}

export interface Row extends Answered {
    count: number;
    /** When the last one was given: ISO 8601. */
    last: string;
}

/** A sandbox may run for days: more rows than these are not begun. */
const MOST_ROWS = 500;

export class Tally {
    private readonly rows = new Map<string, Row>();
    /** Answers that found no row. */
    left = 0;

    add(answered: Answered, now = new Date()): void {
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
