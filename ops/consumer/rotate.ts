import {
    label,
    stackFlag,
    wholeNumber,
    withChange,
    withCredential,
    withExamples,
    type AddCommand,
    type ChangeArgs,
} from "../arguments";
import type { Context } from "../context";
import { carryOut, reportChange } from "../stack/apply/change";
import { readStack } from "../stack/settings";
import { withPublicKey } from "./options";
import { planRotate, type Rotation } from "./plan";

/** A week: operators announce a rotation on a working day, and most callers switch on the following days. */
const OVERLAP_DAYS = 7;

export const command: AddCommand = (consumer, context) =>
    withExamples(
        withPublicKey(withChange(withCredential(consumer.command("rotate"), "id of the credential to be replaced"))),
        "consumer rotate team-b 2026a --successor 2026b --overlap-days 14",
        "consumer rotate team-b edge --yes   # a service token gets a new secret in place",
    )
        .description(
            "Rotate a credential: add a successor to a key or JWT, or a new secret to a service token; the old one expires after an overlap",
        )
        .option("--successor <id>", "id of the new credential, required with key and jwt (default: none)", label)
        .option(
            "--overlap-days <n>",
            "days until the old credential expires, always at 00:00 UTC; at most the stack's maxOverlapDays",
            wholeNumber(1, 36_500), // a hundred years, so that the year of every date has four digits
            OVERLAP_DAYS,
        )
        .option(
            "--expires <day>",
            "day from which the successor is expired (UTC), for example 2027-01-31 (default: never)",
        )
        .action((name, id, args) => rotate(context, name, id, args));

/** Adds a new credential as the successor of an old one. The old credential expires after an overlap. */
async function rotate(context: Context, name: string, id: string, args: ChangeArgs & Rotation): Promise<void> {
    const stack = await readStack(context, args.stack);
    const change = await carryOut(context, stack, planRotate(stack, name, id, args, context.today), args);
    const { successor } = args;
    const then = `When the caller has switched: npm run ops -- consumer revoke ${name} ${id}${stackFlag(args)} --yes`;
    reportChange(context, args, change, [
        `Next: npm run ops -- consumer handout ${name} ${successor ?? id}${stackFlag(args)}`,
        ...(successor === undefined ? [] : [then]),
    ]);
}
