import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Context } from "../../context";
import { isOver } from "../../dates";
import { Failure, UsageError } from "../../errors";
import { shownPath } from "../../output";
import type { Stack } from "../../stack/stack";
import type { Credential } from "../../stack/stack-file";

/** Record of one handout of a credential. It never contains the credential. */
export interface HandedOut {
    at: string;
    /** Public keys that the credential was encrypted for, shortened; empty if it was handed out in plain text. */
    recipients: string[];
    /** Why the credential was handed out again. */
    reason?: string;
    /** User and host of the operator, `ada@ops`. */
    by: string;
    /** Fingerprint of the secret that was handed out. Unset for a key that an operator has set. */
    fingerprint?: string;
}

type Short = Pick<Stack, "short">;

/** Handouts of a credential, oldest first, also of secrets that were deleted since. */
export function handouts(context: Context, stack: Short, consumer: string, id: string): HandedOut[] {
    const file = recordFile(context, stack, consumer, id);
    if (!existsSync(file)) return [];
    const list = parseHandouts(readFileSync(file, "utf8"));
    if (list !== undefined) return list;
    throw new UsageError([
        `${shownPath(file)}: must be a JSON list of handouts (the file is invalid). After a merge conflict in git, keep the entries of both sides and commit the file.`,
    ]);
}

/**
 * Day of the last handout, if it was of another secret than the one with this fingerprint: then the caller lacks this secret.
 * A credential that was created again has the same name and another secret.
 * @param fingerprint undefined if the credential is not created
 */
export function lacksSince(
    context: Context,
    stack: Short,
    consumer: string,
    { id, publicKey, expires }: Pick<Credential, "id" | "publicKey" | "expires">,
    fingerprint?: string,
): string | undefined {
    if (publicKey !== undefined || isOver(expires, context.today)) return undefined;
    const last = handouts(context, stack, consumer, id).at(-1);
    return last?.fingerprint === fingerprint ? undefined : last?.at.slice(0, 10);
}

/** Parses the file with the handouts of a credential. @returns undefined if the file does not contain a list of handouts */
function parseHandouts(text: string): HandedOut[] | undefined {
    let list: unknown;
    try {
        list = JSON.parse(text);
    } catch {
        return undefined;
    }
    return Array.isArray(list) && list.every(isHandedOut) ? list : undefined;
}

function isHandedOut(entry: unknown): entry is HandedOut {
    const { at, recipients, reason, by, fingerprint } = (entry ?? {}) as Record<string, unknown>;
    return (
        typeof at === "string" &&
        typeof by === "string" &&
        Array.isArray(recipients) &&
        recipients.every((one) => typeof one === "string") &&
        [reason, fingerprint].every((one) => one === undefined || typeof one === "string")
    );
}

/**
 * Records a handout before it happens. The file of a first handout is created exclusively, so only one of two concurrent
 * operators succeeds. Each credential has its own file, so that two branches in git never conflict.
 */
export function record(
    context: Context,
    stack: Short,
    consumer: string,
    id: string,
    earlier: HandedOut[],
    now: HandedOut,
): void {
    const file = recordFile(context, stack, consumer, id);
    mkdirSync(join(file, ".."), { recursive: true });
    try {
        writeFileSync(file, `${JSON.stringify([...earlier, now], null, 2)}\n`, {
            flag: earlier.length > 0 ? "w" : "wx",
        });
    } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
        throw new Failure(
            `${consumer}/${id}: another operator is handing out this credential right now, and only one may. Ask the other operators.`,
        );
    }
}

/**
 * Deletes the record of a replaced or deleted credential: a new credential with the same id has not been handed out yet.
 * @returns the deleted file; undefined if the credential has no record
 */
export function forget(context: Context, stack: Short, consumer: string, id: string): string | undefined {
    const file = recordFile(context, stack, consumer, id);
    if (!existsSync(file)) return undefined;
    rmSync(file, { force: true });
    return file;
}

export function recordFile({ folder }: Context, { short }: Short, consumer: string, id: string): string {
    return join(folder, ".alpa-auth", "handouts", short, `${consumer}.${id}.json`);
}
