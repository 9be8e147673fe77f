import Table from "cli-table3";

/** Rows with a heading, as a table for people. */
export function table(head: string[], rows: string[][]): string {
    // No colours: the heading of this library is red, which looks like an error, and pipes get escape codes.
    const drawn = new Table({ head, style: { head: [], border: [] } });
    drawn.push(...rows);
    return drawn.toString();
}

export function json(value: unknown): string {
    return JSON.stringify(value, null, 2);
}

const LONGEST = 300;

/** Text of another system on one line, without control characters that a terminal would execute. */
export function printable(text: string): string {
    return text.replace(/[^\x20-\x7e]/g, "?").slice(0, LONGEST);
}
