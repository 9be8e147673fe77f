import { withChange, withConsumer, withExamples, type AddCommand, type ChangeArgs } from "../arguments";
import { callersOf, findStack } from "../stack/stack";
import { planRemove } from "./plan";
import { revokeAll } from "./revoke";

export const command: AddCommand = (consumer, context) =>
    withExamples(
        withChange(withConsumer(consumer.command("remove"))),
        "consumer remove team-b",
        "consumer remove team-b --yes --json",
    )
        .description("Remove a caller with all its credentials")
        .action(async (name, args: ChangeArgs) => {
            const stack = await findStack(context, args.stack);
            const credentials = callersOf(stack).find((one) => one.name === name)?.credentials ?? [];
            const ids = credentials.map(({ id }) => id);
            await revokeAll(context, stack, name, ids, planRemove(stack, name), args);
        });
