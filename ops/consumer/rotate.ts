import {
    label,
    stackFlag,
    wholeNumber,
    withApply,
    withCredential,
    withStack,
    type AddCommand,
    type ChangeArgs,
} from "../arguments";
import type { Context } from "../context";
import { carryOut } from "../stack/file-edit";
import { findStack } from "../stack/stack";
import { forget } from "./handouts/record";
import { planRotate } from "./plan";
import { readPublicKey, withPublicKey } from "./public-key-file";

/** A week: callers are told on a working day, and most switch on the next ones. */
const OVERLAP_DAYS = 7;

export const command: AddCommand = (consumer, context) =>
    withPublicKey(
        withApply(withCredential(withStack(consumer.command("rotate")), "id of the credential to be replaced")),
    )
        .description(
            "Rotate a credential: add a successor to a key or JWT, or a new secret to a service token; the old one expires after an overlap",
        )
        .option("--successor <id>", "id of the new credential, with key and jwt", label)
        .option(
            "--overlap-days <n>",
            "midnights (UTC) until the old one expires, at most the stack's maxOverlapDays",
            wholeNumber(1),
            OVERLAP_DAYS,
        )
        .option("--expires <day>", "day from which the successor is expired")
        .action((name, id, args) => rotate(context, name, id, args));

export interface RotateArgs extends ChangeArgs {
    successor?: string;
    overlapDays: number;
    publicKeyFile?: string;
    expires?: string;
}

/** Adds a successor to a credential, which ends after an overlap. */
export async function rotate(context: Context, name: string, id: string, args: RotateArgs): Promise<void> {
    const stack = await findStack(context, args.stack);
    const asked = { ...args, publicKey: readPublicKey(args.publicKeyFile) };
    const plan = planRotate(stack, name, id, asked, context.today);
    // In place it is the same credential with a secret that nobody has yet.
    const next = args.successor ?? id;
    const written = () => forget(context, stack, name, next);
    if (!(await carryOut(context, stack, plan, { apply: args.apply, written }))) return;
    context.out(`\nDone. Next: npm run ops -- consumer handout ${name} ${next}${stackFlag(args)}`);
    if (args.successor !== undefined)
        context.out(
            `When the caller has switched: npm run ops -- consumer revoke ${name} ${id}${stackFlag(args)} --apply`,
        );
}
