import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import * as z from "zod";
import type { Context } from "../../context";
import { isOver } from "../../dates";
import { UsageError } from "../../errors";
import { shownPath } from "../../output";
import type { Stack } from "../../stack/stack";
import type { ListedCredential } from "../../../config/keys/consumers/listed";

/**
 * One handout of a credential, without the credential. `recipients` are shortened public keys, none for plain text; `by` is
 * user and host of the operator; `fingerprint` is that of the secret, unset for a key that an operator has set.
 */
const handedOut = z.object({
    ...{ at: z.string(), by: z.string(), recipients: z.array(z.string()) },
    ...{ reason: z.string().optional(), fingerprint: z.string().optional() },
});
export type HandedOut = z.output<typeof handedOut>;

type Short = Pick<Stack, "short">;

/** Handouts of a credential, oldest first, also of secrets that were deleted or rotated since. */
export function handouts(context: Context, stack: Short, consumer: string, id: string): HandedOut[] {
    const file = recordFile(context, stack, consumer, id);
    if (!existsSync(file)) return [];
    try {
        return z.array(handedOut).parse(JSON.parse(readFileSync(file, "utf8")));
    } catch {
        throw new UsageError([
            `${shownPath(file)}: must be a JSON list of handouts (the file is invalid). After a merge conflict in git, keep the entries of both sides and commit the file.`,
        ]);
    }
}

/** Day of the last handout, if it was of another secret than the one with this fingerprint, as after a new creation. */
export function lacksSince(
    context: Context,
    stack: Short,
    consumer: string,
    { id, publicKey, expires }: Pick<ListedCredential, "id" | "publicKey" | "expires">,
    fingerprint?: string,
): string | undefined {
    if (publicKey !== undefined || isOver(expires, context.today)) return undefined;
    const last = handouts(context, stack, consumer, id).at(-1);
    return last?.fingerprint === fingerprint ? undefined : last?.at.slice(0, 10);
}

/**
 * Records a handout before it happens, in a file of the credential, so that two branches in git never conflict. That of a
 * first handout is created exclusively, so only one of two concurrent operators succeeds.
 * @param earlier what {@link handouts} returned before the command read the secret
 */
export function record(
    context: Context,
    stack: Short,
    who: [string, string],
    earlier: HandedOut[],
    now: HandedOut,
): void {
    const file = recordFile(context, stack, ...who);
    mkdirSync(dirname(file), { recursive: true });
    const flag = earlier.length > 0 ? "w" : "wx";
    writeFileSync(file, `${JSON.stringify([...earlier, now], null, 2)}\n`, { flag });
}

function recordFile({ folder }: Context, { short }: Short, consumer: string, id: string): string {
    return join(folder, ".alpa-auth", "handouts", short, `${consumer}.${id}.json`);
}
