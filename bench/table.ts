/** Figures as a table for people, and for docs. */
export interface Row {
    way: string;
    settings: string;
    /** All times in seconds. */
    firstUp: number;
    /** From its begin until the ingress controller has taken every caller. */
    accepted?: number;
    /** Until then, in seconds of a core: all of the sandbox, emulators and API server included. */
    cpu?: number;
    preview?: number;
    /** `up` of the whole stack. */
    rotation?: number;
    /** Of the caller's own resources only. */
    targeted?: number;
    /** Size of the state. */
    bytes?: number;
    perCaller?: number;
    /** What ratios are to: the flat program with the same settings. */
    flat?: Row;
}

const COLUMNS: [title: string, of: (row: Row) => number | undefined, digits: number][] = [
    ["first up, s", (row) => row.firstUp, 1],
    ["callers taken, s", (row) => row.accepted, 1],
    ["CPU of both, s", (row) => row.cpu, 1],
    ["preview, s", (row) => row.preview, 1],
    ["rotation, s", (row) => row.rotation, 1],
    ["targeted, s", (row) => row.targeted, 1],
    ["state, kB", (row) => row.bytes && row.bytes / 1000, 0],
    ["resources per caller", (row) => row.perCaller, 2],
];

/** A row for each way, with the ratio to the flat program behind each figure that has one. */
export function table(rows: Row[]): string {
    const cells = rows.map((row) => [
        row.way,
        row.settings,
        ...COLUMNS.map(([, of, digits]) => {
            const [value, base] = [of(row), row.flat && of(row.flat)];
            if (value === undefined) return "-";
            return value.toFixed(digits) + (base ? ` (× ${(value / base).toFixed(2)})` : "");
        }),
    ]);
    const head = ["way", "settings", ...COLUMNS.map(([title]) => title)];
    return aligned([head, ...cells]);
}

/** Cells in columns as wide as the longest. @param rows the first of them is the head */
export function aligned([head, ...rows]: string[][]): string {
    const widths = head.map((title, i) => Math.max(title.length, ...rows.map((row) => row[i].length)));
    const line = (row: string[]) => `| ${row.map((cell, i) => cell.padEnd(widths[i])).join(" | ")} |`;
    return [line(head), line(widths.map((width) => "-".repeat(width))), ...rows.map(line)].join("\n");
}
