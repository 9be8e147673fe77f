import { printable, table } from "../../output";
import type { Tokens } from "./figures";
import type { Period } from "./period";
import type { UsageRow } from "./rows";

const NO_CALLER = "(no caller)";
const MARKS: Record<UsageRow["kind"], string> = {
    caller: "",
    unknown: " (not in the config)",
    verification: " (checks of option intra-b)",
    "no-caller": "",
};

const NO_TOKENS: Tokens = { models: [], uncountedAnswers: 0 };

/** Characters of the longest bar. */
const BAR_WIDTH = 20;
/** Eighths of a full block. */
const PARTS = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];

/** Renders a table. The bar of the caller with the most requests has the full width, and the others are relative to it. */
export function renderTable(rows: UsageRow[]): string {
    const most = Math.max(0, ...rows.map(({ requests }) => requests));
    const hasTokens = rows.some(({ tokens }) => tokens !== undefined);
    return table(
        [
            ...["caller", "requests", "", "successes", "without success", "bytes out"],
            ...(hasTokens ? ["model", "tokens in", "tokens out", "uncounted answers"] : []),
        ],
        rows.map((row) => [
            `${nameOf(row)}${MARKS[row.kind]}`,
            String(row.requests),
            bar(row.requests, most),
            String(row.successes),
            row.unsuccessful.map((one) => `${one.requests} × ${one.status}`).join("\n"),
            String(row.bytesSent),
            ...(hasTokens ? tokenCells(row) : []),
        ]),
    );
}

function tokenCells({ tokens: { models, uncountedAnswers } = NO_TOKENS }: UsageRow): string[] {
    const column = (cell: (one: (typeof models)[number]) => string) => models.map(cell).join("\n");
    return [
        column(({ model }) => printable(model)),
        column(({ prompt }) => String(prompt)),
        column(({ completion }) => String(completion)),
        String(uncountedAnswers),
    ];
}

/** A value above zero gets at least one eighth of a character, which distinguishes it from zero. */
export function bar(value: number, most: number): string {
    if (value <= 0) return "";
    const eighths = Math.max(1, Math.round((value / most) * BAR_WIDTH * 8));
    return "█".repeat(Math.floor(eighths / 8)) + PARTS[eighths % 8];
}

function nameOf({ caller }: UsageRow): string {
    return caller === null ? NO_CALLER : printable(caller);
}

/** Renders CSV for spreadsheets and charging: RFC 4180, with a header. */
export function renderCsv(stack: string, { from, to }: Period, rows: UsageRow[]): string {
    const head = [
        ...["stack", "from", "to", "caller", "kind"],
        ...["requests", "successes", "unsuccessful", "unsuccessful_by_status", "bytes_sent"],
        ...["prompt_tokens", "completion_tokens", "tokens_by_model", "uncounted_answers"],
    ];
    const lines = rows.map((row) => [
        ...[stack, from.toISOString(), to.toISOString(), nameOf(row), row.kind],
        ...[String(row.requests), String(row.successes), String(row.requests - row.successes)],
        row.unsuccessful.map(({ status, requests }) => `${status}=${requests}`).join(";"),
        String(row.bytesSent),
        ...tokenFields(row),
    ]);
    // RFC 4180 ends each line with CR and LF; `out` adds the last LF.
    return [head, ...lines].map((fields) => `${fields.map(csvField).join(",")}\r`).join("\n");
}

/** Fields of tokens; empty for Alpa. */
function tokenFields({ tokens }: UsageRow): string[] {
    if (tokens === undefined) return ["", "", "", ""];
    const { models, uncountedAnswers } = tokens;
    const sum = (key: "prompt" | "completion") => String(models.reduce((all, one) => all + one[key], 0));
    const byModel = models.map(({ model, prompt, completion }) => `${printable(model)}=${prompt}+${completion}`);
    return [sum("prompt"), sum("completion"), byModel.join(";"), String(uncountedAnswers)];
}

/** Quotes a field. A spreadsheet would interpret a text that begins with one of these characters as a formula. */
function csvField(text: string): string {
    const harmless = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
    return /[",\r\n]/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless;
}
