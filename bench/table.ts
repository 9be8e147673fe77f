/** Figures as a table for readers and for docs. */
export interface Row {
    way: string;
    settings: string;
    /** All times are in seconds. */
    firstUp: number;
    /** From the start of `up` until the ingress controller has accepted every caller. */
    accepted: number;
    /** CPU seconds that the whole sandbox (also its emulators and API server) has used until `accepted`. */
    cpu: number;
    preview: number;
    /** Duration of `up` of the whole stack after the rotation of a key. */
    rotation: number;
    /** Duration of the `up` after a rotation, if `--target` limits it to the rotated caller's resources. */
    targeted: number;
    /** Size of the state, in bytes. */
    bytes: number;
    perCaller: number;
    /** Row of the flat program with the same settings, to compare with. */
    flat?: Row;
}

const COLUMNS: [title: string, of: (row: Row) => number, digits: number][] = [
    ["first up, s", (row) => row.firstUp, 1],
    ["callers accepted, s", (row) => row.accepted, 1],
    ["CPU until then, s", (row) => row.cpu, 1],
    ["preview, s", (row) => row.preview, 1],
    ["rotation, s", (row) => row.rotation, 1],
    ["targeted, s", (row) => row.targeted, 1],
    ["state, kB", (row) => row.bytes / 1000, 0],
    ["resources per caller", (row) => row.perCaller, 2],
];

/**
 * A table with a row for each program. A figure is followed by its ratio to the flat program's figure, if that exists.
 */
export function table(rows: Row[]): string {
    const cells = rows.map((row) => [
        row.way,
        row.settings,
        ...COLUMNS.map(([, of, digits]) => {
            const [value, base] = [of(row), row.flat && of(row.flat)];
            return value.toFixed(digits) + (base ? ` (× ${(value / base).toFixed(2)})` : "");
        }),
    ]);
    const head = ["way", "settings", ...COLUMNS.map(([title]) => title)];
    return aligned([head, ...cells]);
}

/** Pads each column to its longest cell. @param rows the first one is the head */
export function aligned([head, ...rows]: string[][]): string {
    const widths = head.map((title, i) => Math.max(title.length, ...rows.map((row) => row[i].length)));
    const line = (row: string[]) => `| ${row.map((cell, i) => cell.padEnd(widths[i])).join(" | ")} |`;
    return [line(head), line(widths.map((width) => "-".repeat(width))), ...rows.map(line)].join("\n");
}
