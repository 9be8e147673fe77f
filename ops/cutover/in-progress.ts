/** Detects a conversion of a stack or an upgrade of its model in progress, which forbids other edits of the stack file. */
import type { Stack } from "../stack/stack";
import { readValue } from "../stack/stack-file";
import { holderOf } from "./lock";

/** @param folder folder of the stack files @returns the problem to report for any other edit */
export function conversionInProgress(folder: string, { short, text }: Stack, now: Date): string | undefined {
    const held = holderOf(folder, short);
    const until = readValue(text, "convert", "holder", "until");
    const alive = typeof until === "string" && Date.parse(until) > now.getTime();
    if (held === undefined && !alive) return undefined;
    const who =
        held === undefined
            ? `${String(readValue(text, "convert", "holder", "name"))}, until ${until as string}`
            : `${held.who}, pid ${held.pid} on ${held.host}`;
    return readValue(text, "opt", "upgrade") === undefined
        ? `${short}: a conversion is in progress (${who}). Wait until it ends: npm run ops -- convert status`
        : `${short}: an upgrade of its model is in progress (${who}). Wait until it ends: npm run ops -- model upgrade status`;
}
