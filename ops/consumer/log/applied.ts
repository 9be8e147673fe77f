import { callersReader } from "../../stack/history/callers-at";
import { isCommittable } from "../../stack/history/commits";
import { callerLines } from "../../stack/history/consequences";
import { before, readVersions } from "../../stack/history/versions";
import { only, type Entry, type Subject } from "./entry";

/** Versions of the stack that changed callers, from Pulumi's history. */
export async function readApplied({ context, stack, consumer }: Subject): Promise<Entry[]> {
    const versions = await readVersions(context, stack);
    const inGit = await isCommittable(stack.file);
    const configOf = callersReader(context.program);
    const entries = versions
        .filter(({ kind }) => kind === "update")
        .map(async (version): Promise<Entry> => {
            const previous = before(versions, version);
            const old = previous === undefined ? {} : await configOf(previous);
            const lines = callerLines(only(consumer, old), only(consumer, await configOf(version)));
            const changes = version.result === "succeeded" ? lines : lines.map((line) => `${version.result}: ${line}`);
            const { start, number } = version;
            // Pulumi records no user. The committer of the program need not be the author of an uncommitted edit.
            const who = (version.dirty || !inGit ? version.pipeline : version.who) ?? null;
            return { at: start, who, source: "version", reference: String(number), changes };
        });
    return (await Promise.all(entries)).filter(({ changes }) => changes.length > 0);
}
