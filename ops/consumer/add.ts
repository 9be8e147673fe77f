import { ALGORITHMS, type Algorithm } from "../../config/keys/consumers/credentials";
import {
    choice,
    label,
    repeatable,
    stackFlag,
    withChange,
    withConsumer,
    withExamples,
    type AddCommand,
    type ChangeArgs,
} from "../arguments";
import type { Context } from "../context";
import { carryOut, reportChange } from "../stack/apply/change";
import { METHODS, type Method } from "../stack/consumers-edit";
import { isEdge, readStack } from "../stack/settings";
import { limitsGiven, withLimits, withPublicKey, type LimitArgs } from "./options";
import { planAdd } from "./plan";

const METHOD_HELP = "authentication method of the credentials (default: key, or service-token with option cloudflare)";

export const command: AddCommand = (consumer, context) => {
    const add = withPublicKey(withChange(withConsumer(consumer.command("add"))))
        .description("Add a caller with credentials, or credentials to a caller")
        .addOption(repeatable("--credential <id>", "id of a credential", "first", label))
        .addOption(choice("--method <method>", METHOD_HELP, METHODS))
        .addOption(choice("--algorithm <name>", "signing algorithm, required with jwt (default: none)", ALGORITHMS))
        .option("--class <name>", "priority class of a new caller, one of the stack's classes (default: none)", label)
        .option(
            "--expires <day>",
            "day from which the credential is expired (UTC), for example 2027-01-31 (default: never)",
        )
        .action((name, args) => addConsumer(context, name, args));
    withExamples(
        withLimits(add, "limit of a new caller", "that of the stack"),
        "consumer add team-b --requests 60 --per-seconds 60 --concurrent 2 --expires 2027-06-30",
        "consumer add night-jobs --class batch --requests 600 --per-seconds 3600",
        "consumer add team-b --credential ci --credential lab --method jwt --algorithm HS256 --yes",
    );
};

interface AddArgs extends ChangeArgs, LimitArgs {
    credential: string[];
    /** Default: the default method of the stack's option. */
    method?: Method;
    algorithm?: Algorithm;
    publicKeyFile?: string;
    expires?: string;
    class?: string;
}

/** Adds a caller, or more credentials to a caller. */
async function addConsumer(context: Context, name: string, args: AddArgs): Promise<void> {
    const stack = await readStack(context, args.stack);
    const ids = args.credential.length > 0 ? args.credential : ["first"];
    const method = args.method ?? (isEdge(stack) ? "service-token" : "key");
    const limits = limitsGiven(args);
    const plan = planAdd(stack, name, { ...args, ids, method, limits }, context.today);
    const change = await carryOut(context, stack, plan, args);
    reportChange(context, args, change, [`Next: npm run ops -- consumer handout ${name}${stackFlag(args)}`]);
}
