import Table from "cli-table3";

/** Renders rows with a heading as a table. */
export function table(head: string[], rows: string[][]): string {
    // No colours: the library's red heading looks like an error, and pipes would get escape codes.
    const drawn = new Table({ head, style: { head: [], border: [] } });
    drawn.push(...rows);
    return drawn.toString();
}

/** Cell of the column `right`, which says whether a check has the required result. */
export function rightCell({ ok }: { ok: boolean }): string {
    return ok ? "yes" : "NO";
}

export function json(value: unknown): string {
    return JSON.stringify(value, null, 2);
}

const LONGEST = 300;

/** Text of another system on one line, without control characters that a terminal would interpret. */
export function printable(text: string): string {
    return text.replace(/[^\x20-\x7e]/g, "?").slice(0, LONGEST);
}
