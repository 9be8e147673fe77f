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
    /** Whether the request was a check of `pulumi up` or of an `ops` command, which is not counted. @default false */
    check?: boolean;
}

export interface Row extends Omit<Answered, "check"> {
    count: number;
}

export class Tally {
    private readonly rows = new Map<string, Row>();

    add({ check, ...answered }: Answered): void {
        if (check) return;
        const key = `${answered.place} ${answered.caller ?? ""} ${answered.status}`;
        this.rows.set(key, { ...answered, count: (this.rows.get(key)?.count ?? 0) + 1 });
    }

    /** The rows, sorted by place, caller and status. Rows without a caller come first. */
    list(): Row[] {
        return [...this.rows].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, row]) => row);
    }
}
