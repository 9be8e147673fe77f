import { withApply, withCredential, withStack, type AddCommand, type ChangeArgs } from "../arguments";
import type { Context } from "../context";
import { findStack } from "../stack/stack";
import { planRevoke } from "./plan";
import { revokeAndVerify } from "./revoke-and-verify";

export const command: AddCommand = (consumer, context) =>
    withApply(withCredential(withStack(consumer.command("revoke"))))
        .description("Revoke one credential and verify that every gateway pod rejects it")
        .action((name, id, args) => revoke(context, name, id, args));

/** Revokes one credential. */
export async function revoke(context: Context, name: string, id: string, args: ChangeArgs): Promise<void> {
    const stack = await findStack(context, args.stack);
    await revokeAndVerify(context, stack, name, [id], planRevoke(stack, name, id), args);
}
