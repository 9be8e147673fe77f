/** Resources of a stack, in the form that the sections of a page use. */
import type { Seen } from "../kit";

export const kindOf = ({ inputs, type }: Seen): string => inputs.kind ?? type.split(":").pop();

export const ofKind = (seen: Seen[], ...kinds: string[]): Seen[] => seen.filter((one) => kinds.includes(kindOf(one)));

/** The key by which the engine marks a secret value (pulumi/sdk, specialSigKey). */
const SECRET_SIGNATURE = "4dabf18193072939515e22adb298388d";

/** A value that may be secret. Only its format is shown, never a secret. */
export function plain(value: unknown): any {
    const isSecret = typeof value === "object" && value !== null && SECRET_SIGNATURE in value;
    return isSecret ? (value as { value?: unknown }).value : value;
}

/** A table in Markdown. `<br>` separates lines within a cell, because a line break would end its row. */
export function table(head: string[], rows: string[][]): string {
    const line = (cells: string[]) => `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
    return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}

export const code = (text: unknown): string => `\`${String(text)}\``;

/** Unique values in alphabetical order. */
export const sorted = (list: string[]): string[] => [...new Set(list)].sort();
