import { ALGORITHMS, type Algorithm } from "../../config/keys/consumers/credentials";
import {
    choice,
    label,
    stackFlag,
    wholeNumber,
    withApply,
    withConsumer,
    withStack,
    type AddCommand,
    type ChangeArgs,
} from "../arguments";
import type { Context } from "../context";
import { carryOut } from "../stack/file-edit";
import { findStack } from "../stack/stack";
import { METHODS, readValue, type Method } from "../stack/stack-file";
import { forget } from "./handouts/record";
import { planAdd } from "./plan";
import { readPublicKey, withPublicKey } from "./public-key-file";

const METHOD_HELP = "how the caller proves who it is (default: key; with option cloudflare service-token)";

export const command: AddCommand = (consumer, context) =>
    withPublicKey(withApply(withConsumer(withStack(consumer.command("add")))))
        .description("Add a caller, or a credential to a caller")
        .option("--credential <id>", "id of the credential", label, "first")
        .addOption(choice("--method <method>", METHOD_HELP, METHODS))
        .addOption(choice("--algorithm <name>", "signing algorithm, with jwt", ALGORITHMS))
        .option("--expires <day>", "day from which it is expired, for example 2027-01-31 (UTC)")
        .option("--requests <n>", "limit of a new caller: requests per window", wholeNumber(1))
        .option("--per-seconds <s>", "length of that window, in seconds", wholeNumber(1))
        .option("--concurrent <n>", "limit of a new caller: requests open at the same time", wholeNumber(1))
        .action((name, args) => add(context, name, args));

export interface AddArgs extends ChangeArgs {
    credential: string;
    /** Unset: the one that the stack's option has. */
    method?: Method;
    algorithm?: Algorithm;
    publicKeyFile?: string;
    expires?: string;
    requests?: number;
    perSeconds?: number;
    concurrent?: number;
}

/** Adds a caller, or one more credential to a caller. */
export async function add(context: Context, name: string, args: AddArgs): Promise<void> {
    const stack = await findStack(context, args.stack);
    const { credential: id, algorithm, expires, requests, perSeconds, concurrent } = args;
    const method = args.method ?? (readValue(stack.text, "option") === "cloudflare" ? "service-token" : "key");
    const publicKey = readPublicKey(args.publicKeyFile);
    const given = { requests, perSeconds, concurrent };
    const limits = Object.values(given).every((n) => n === undefined)
        ? undefined
        : Object.fromEntries(Object.entries(given).filter(([, n]) => n !== undefined));
    const plan = planAdd(stack, name, { id, method, algorithm, publicKey, expires, limits }, context.today);
    // The id is new to the file, so a record of it is of an earlier credential, even when the run is finished by hand.
    const written = () => forget(context, stack, name, id);
    if (await carryOut(context, stack, plan, { apply: args.apply, written }))
        context.out(`\nDone. Next: npm run ops -- consumer handout ${name} ${id}${stackFlag(args)}`);
}
