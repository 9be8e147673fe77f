import { printable, table } from "../../output";
import type { Period } from "./period";
import type { UsageRow } from "./rows";

const NO_CALLER = "(no caller)";
const NOT_IN_CONFIG = "(not in the config)";
const MARKS: Record<UsageRow["kind"], string> = {
    caller: "",
    unknown: ` ${NOT_IN_CONFIG}`,
    verification: " (checks of option intra-b)",
    "no-caller": "",
};

/** Characters of the longest bar. */
const BAR_WIDTH = 20;
/** Eighths of a full block. */
const PARTS = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];

/** Renders a table. The bar of the caller with the most requests has the full width, and the others are relative to it. */
export function renderTable(rows: UsageRow[]): string {
    const most = Math.max(0, ...rows.map(({ requests }) => requests));
    const byCredential = rows.some(({ digest }) => digest !== undefined);
    const credentialHead = byCredential ? ["credential"] : [];
    return table(
        ["caller", ...credentialHead, "requests", "", "successes", "without success", "Alpa, s", "bytes out"],
        rows.map((row) => [
            `${nameOf(row)}${MARKS[row.kind]}`,
            ...(byCredential ? [credentialOf(row)] : []),
            String(row.requests),
            bar(row.requests, most),
            String(row.successes),
            row.unsuccessful.map((one) => `${one.requests} × ${one.status} ${one.reason ?? ""}`.trim()).join("\n"),
            row.upstreamSeconds === null ? "unknown" : row.upstreamSeconds.toFixed(1),
            String(row.bytesSent),
        ]),
    );
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

function credentialOf({ credential, digest = "" }: UsageRow): string {
    return credential ?? (digest === "" ? "" : `${printable(digest)} ${NOT_IN_CONFIG}`);
}

/** Renders CSV for spreadsheets and charging: RFC 4180, with a header. Unknown values are empty. */
export function renderCsv(stack: string, { from, to }: Period, rows: UsageRow[]): string {
    const byCredential = rows.some(({ digest }) => digest !== undefined);
    const head = [
        ...["stack", "from", "to", "caller", "kind", ...(byCredential ? ["credential", "digest"] : [])],
        ...["requests", "successes", "unsuccessful", "unsuccessful_by_reason", "upstream_seconds", "bytes_sent"],
    ];
    const lines = rows.map((row) => [
        ...[stack, from.toISOString(), to.toISOString(), nameOf(row), row.kind],
        ...(byCredential ? [row.credential ?? "", printable(row.digest ?? "")] : []),
        ...[String(row.requests), String(row.successes), String(row.requests - row.successes)],
        row.unsuccessful.map(({ status, reason, requests }) => `${reason ?? status}=${requests}`).join(";"),
        row.upstreamSeconds === null ? "" : row.upstreamSeconds.toFixed(3),
        String(row.bytesSent),
    ]);
    // RFC 4180 ends each line with CR and LF; `out` adds the last LF.
    return [head, ...lines].map((fields) => `${fields.map(csvField).join(",")}\r`).join("\n");
}

/** Quotes a field. A spreadsheet would interpret a text that begins with one of these characters as a formula. */
function csvField(text: string): string {
    const harmless = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
    return /[",\r\n]/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless;
}
