import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, join, relative } from "node:path";
import { git } from "../../stack/history/commits";
import { handoutsFolder, parseHandouts, type HandedOut } from "../handouts/record";
import { commitsOf, textAt, topOf } from "./commits";
import type { Entry, Subject } from "./entry";

/**
 * Handouts of credentials, from their records, and from git for records that were deleted with their credential.
 */
export async function readHandouts({ context, stack, consumer }: Subject): Promise<Entry[]> {
    const folder = handoutsFolder(context, stack);
    const found = new Map<string, Entry>();
    const add = (file: string, text: string, by?: { id: string }) => {
        const [name, id] = basename(file, ".json").split(".");
        if (consumer !== undefined && consumer !== name) return;
        for (const handout of parseHandouts(text) ?? []) {
            const key = `${file} ${handout.at}`;
            if (!found.has(key)) found.set(key, entryOf(`${name}/${id}`, handout, by));
        }
    };
    const top = await topOf(context.folder);
    if (top !== undefined)
        for (const commit of (await commitsOf(top, [folder], ["--diff-filter=AM"])).reverse())
            for (const file of await recordsIn(top, commit.id, relative(top, folder)))
                add(file, (await textAt(top, commit.id, file)) ?? "", commit);
    const names = existsSync(folder) ? readdirSync(folder) : [];
    for (const name of names.filter((one) => one.endsWith(".json"))) {
        const file = join(folder, name);
        add(top === undefined ? file : relative(top, file), readFileSync(file, "utf8"));
    }
    return [...found.values()];
}

function entryOf(who: string, handout: HandedOut, by?: { id: string }): Entry {
    const to = handout.recipients.length === 0 ? "in plain text" : `encrypted to ${handout.recipients.join(", ")}`;
    const again = handout.reason === undefined ? "" : `, again: ${handout.reason}`;
    return {
        at: handout.at,
        who: handout.by,
        source: "handout",
        reference: by?.id ?? null,
        changes: [`credential ${who} was handed out ${to}${again}`],
    };
}

/** Paths of the records that a commit added or changed, from the root of the work tree. */
async function recordsIn(top: string, commit: string, folder: string): Promise<string[]> {
    const args = ["diff-tree", "--no-commit-id", "--name-only", "--root", "-r", "-z", "--diff-filter=AM", commit];
    const names = await git([...args, "--", folder], top);
    return names.split("\0").filter((name) => name.endsWith(".json"));
}
