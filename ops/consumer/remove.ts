import { withChange, withConsumer, withExamples, type AddCommand, type ChangeArgs } from "../arguments";
import { revoke } from "./revoke";

export const command: AddCommand = (consumer, context) =>
    withExamples(
        withChange(withConsumer(consumer.command("remove"))),
        "consumer remove team-b",
        "consumer remove team-b --yes --json",
    )
        .description("Remove a caller with all its credentials")
        .action((name, args: ChangeArgs) => revoke(context, name, undefined, args));
