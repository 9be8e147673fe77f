import Table from "cli-table3";
import { relative, resolve, sep } from "node:path";

/** Preferred width of a table with a wrapped column, in characters. Other columns may make the table wider. */
const WIDTH = 120;
/** Smallest width of a wrapped column. */
const LEAST_WIDTH = 24;

/** Renders a table. @param head headings @param wrapped heading of the column that is wrapped to fit {@link WIDTH} */
export function table(head: string[], rows: string[][], wrapped?: string): string {
    // Without colours: the red headings of cli-table3 look like an error, and pipes would get escape codes.
    const style = { head: [], border: [] };
    const fitted = wrapped === undefined ? {} : { colWidths: widths([head, ...rows], wrapped), wordWrap: true };
    const drawn = new Table({ head, style, ...fitted });
    drawn.push(...rows);
    return drawn.toString();
}

/** Widths of the columns of a table, in characters. @param lines the heading and the rows */
function widths(lines: string[][], wrapped: string): number[] {
    const [head] = lines;
    const padding = 2;
    const natural = head.map((_, i) => padding + Math.max(...lines.map((cells) => longestLine(cells[i]))));
    const borders = head.length + 1;
    const over = natural.reduce((sum, width) => sum + width, borders) - WIDTH;
    return natural.map((width, i) =>
        head[i] === wrapped && over > 0 ? Math.min(width, Math.max(width - over, LEAST_WIDTH)) : width,
    );
}

function longestLine(text: string): number {
    return Math.max(...text.split("\n").map((line) => line.length));
}

/** Text of the table column `right`, which shows whether a check has the required result. */
export function rightCell({ ok }: { ok: boolean }): string {
    return ok ? "yes" : "NO";
}

export function json(value: unknown): string {
    return JSON.stringify(value, null, 2);
}

/** A path as messages show it: from the current folder, or absolute for a file outside of it. */
export function shownPath(file: string): string {
    const path = relative(process.cwd(), file);
    return path === ".." || path.startsWith(`..${sep}`) ? resolve(file) : path;
}

const LONGEST = 300;

/** Returns a text of another system as one line of ASCII: a terminal would interpret control characters. */
export function printable(text: string): string {
    return text.replace(/[^\x20-\x7e]/g, "?").slice(0, LONGEST);
}
