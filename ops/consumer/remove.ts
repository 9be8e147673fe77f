import { withChange, withConsumer, withExamples, type AddCommand, type ChangeArgs } from "../arguments";
import type { Context } from "../context";
import { callersOf, findStack } from "../stack/stack";
import { planRemove } from "./plan";
import { revokeAndVerify } from "./revoke-and-verify";

export const command: AddCommand = (consumer, context) =>
    withExamples(
        withChange(withConsumer(consumer.command("remove"))),
        "consumer remove team-b",
        "consumer remove team-b --yes --json",
    )
        .description("Remove a caller with all its credentials")
        .action((name, args) => remove(context, name, args));

/** Removes a caller with all its credentials. */
async function remove(context: Context, name: string, args: ChangeArgs): Promise<void> {
    const stack = await findStack(context, args.stack);
    const ids =
        callersOf(stack)
            .find((c) => c.name === name)
            ?.credentials.map((c) => c.id) ?? [];
    await revokeAndVerify(context, stack, name, ids, planRemove(stack, name), args);
}
