import { withChange, withCredential, withExamples, type AddCommand, type ChangeArgs } from "../arguments";
import type { Context } from "../context";
import { findStack } from "../stack/stack";
import { planRevoke } from "./plan";
import { revokeAndVerify } from "./revoke-and-verify";

export const command: AddCommand = (consumer, context) =>
    withExamples(
        withChange(withCredential(consumer.command("revoke"))),
        "consumer revoke team-b 2026a",
        "consumer revoke team-b 2026a --yes",
    )
        .description("Revoke one credential and verify that every gateway pod rejects it")
        .action((name, id, args) => revoke(context, name, id, args));

/** Revokes one credential. */
async function revoke(context: Context, name: string, id: string, args: ChangeArgs): Promise<void> {
    const stack = await findStack(context, args.stack);
    await revokeAndVerify(context, stack, name, [id], planRevoke(stack, name, id), args);
}
