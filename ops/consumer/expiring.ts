import { day, daysUntil } from "../../config/keys/consumers/credentials";
import { wholeNumber, withExamples, withJson, withStack, type AddCommand } from "../arguments";
import type { Context } from "../context";
import { inWords } from "../dates";
import { FindingsError } from "../errors";
import { json, table } from "../output";
import { callersOf, findStack } from "../stack/stack";
import { authenticatorIn, type Consumer } from "../stack/stack-file";

export const command: AddCommand = (consumer, context) =>
    withExamples(
        withJson(withStack(consumer.command("expiring"))),
        "consumer expiring --within 60",
        "consumer expiring --fail-on 7 --json",
    )
        .description("List credentials that expire soon or have expired")
        .option("--within <days>", "list those that expire within this number of days", wholeNumber(0), 30)
        .option(
            "--fail-on <days>",
            "exit with 3 when a credential expires within this number of days, or has expired (default: never)",
            wholeNumber(0),
        )
        .action((args) => expiring(context, args));

interface Expiring {
    consumer: string;
    credential: string;
    expires: string;
    /** Days until the credential expires; negative if it has expired. */
    days: number;
    /** The shortest period that contains the expiry date. */
    class: "expired" | "1 day" | "7 days" | "30 days" | "later";
}

interface ExpiringArgs {
    stack?: string;
    within: number;
    failOn?: number;
    json?: boolean;
}

/** Shows which credentials expire soon, or have expired. */
async function expiring(context: Context, args: ExpiringArgs): Promise<void> {
    const stack = await findStack(context, args.stack);
    const { failOn } = args;
    // A rotated service token gets a new secret in place, and keeps its expiry date.
    const tokens = authenticatorIn(stack.text) === "edge";
    // The list also covers the days of --fail-on, so it shows every credential that makes the command fail.
    const within = Math.max(args.within, failOn ?? 0);
    const found = soonest(callersOf(stack), within, context.today);
    if (args.json) context.out(json(found));
    else if (found.length === 0) context.out(`No credential expires within ${within} days.`);
    else {
        context.out(
            table(
                ["class", "consumer", "credential", "expires", "that is"],
                found.map((e) => [e.class, e.consumer, e.credential, e.expires, inWords(e.days)]),
            ),
        );
        context.note(
            tokens
                ? `Next: npm run ops -- consumer add <consumer> --credential <id>${stack.flag}`
                : `Next: npm run ops -- consumer rotate <consumer> <credential> --successor <id> --overlap-days <n>${stack.flag}`,
        );
    }
    if (tokens)
        context.note(
            `Service tokens whose expiry date Cloudflare derives from their duration are not in this list. See: npm run ops -- consumer list${stack.flag}`,
        );
    const near = failOn === undefined ? [] : found.filter(({ days }) => days <= failOn);
    if (near.length > 0)
        throw new FindingsError(
            `${stack.short}: credentials expire within ${failOn} days or have expired (${near.map((e) => `${e.consumer}/${e.credential}`).join(", ")}). ${tokens ? "Add a second credential to each caller" : "Rotate each"}; remove the entry of an expired one: npm run ops -- consumer revoke`,
        );
}

/** Sorted by expiry date, expired credentials first. */
export function soonest(consumers: Consumer[], within: number, today: Date): Expiring[] {
    return consumers
        .flatMap(({ name, credentials }) =>
            credentials.flatMap(({ id, expires }) => {
                if (expires === undefined || !day.safeParse(expires).success) return [];
                const days = daysUntil(expires, today);
                return [{ consumer: name, credential: id, expires, days, class: classOf(days) }];
            }),
        )
        .filter(({ days }) => days <= within)
        .sort((a, b) => a.days - b.days);
}

function classOf(days: number): Expiring["class"] {
    // The stack removes a credential on its expiry day.
    if (days <= 0) return "expired";
    if (days <= 1) return "1 day";
    if (days <= 7) return "7 days";
    return days <= 30 ? "30 days" : "later";
}
