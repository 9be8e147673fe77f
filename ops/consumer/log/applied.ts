import { callersReader } from "../../stack/history/callers-at";
import { callerLines } from "../../stack/history/consequences";
import { before, readVersions } from "../../stack/history/versions";
import { only, type Entry, type Subject } from "./entry";

/** Versions of the stack that changed callers, from Pulumi's history. */
export async function readApplied({ context, stack, consumer }: Subject): Promise<Entry[]> {
    const versions = await readVersions(context, stack);
    const configOf = callersReader(context.program);
    const entries = versions
        .filter(({ kind }) => kind === "update")
        .map(async (version): Promise<Entry> => {
            const previous = before(versions, version);
            const old = previous === undefined ? {} : await configOf(previous);
            const lines = callerLines(only(consumer, old), only(consumer, await configOf(version)));
            const changes = version.result === "succeeded" ? lines : lines.map((line) => `${version.result}: ${line}`);
            const { start, number, who = null } = version;
            return { at: start, who, source: "version", reference: String(number), changes };
        });
    return (await Promise.all(entries)).filter(({ changes }) => changes.length > 0);
}
