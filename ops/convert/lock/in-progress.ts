/** Detects a conversion of a stack in progress, which forbids other edits of the stack file. */
import { readConversionState } from "../../../config/conversion-state";
import type { Stack } from "../../stack/stack";
import { holderOf } from "./lock";

/**
 * The problem to report for an edit of the stack while a conversion is in progress; undefined if none is.
 * @param folder folder of the stack files
 */
export function conversionInProgress(folder: string, { short }: Stack, now: Date): string | undefined {
    const held = holderOf(folder, short);
    const { holder } = readConversionState(folder, short);
    const who =
        held !== undefined
            ? `${held.who}, pid ${held.pid} on ${held.host}`
            : holder !== undefined && Date.parse(holder.until) > now.getTime()
              ? `${holder.name}, until ${holder.until}`
              : undefined;
    if (who === undefined) return undefined;
    return `${short}: a conversion is in progress (${who}). Wait until it ends: npm run ops -- convert status`;
}
