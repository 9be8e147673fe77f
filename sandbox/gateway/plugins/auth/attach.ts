/** Steps that all auth plugins share after an authentication has succeeded or failed. */
import type { Context } from "../../request/context";
import { bytes } from "../../http/headers";
import type { PluginTools } from "../plugin";
import type { AuthConsumer, Exit } from "../../request/types";

/** Sets the headers X-Consumer-* for later plugins and the upstream. Headers of these names from the client are removed. */
export function attachConsumer(ctx: Context, consumer: AuthConsumer): void {
    ctx.consumer = consumer;
    ctx.headers.set("X-Consumer-Username", bytes(consumer.username));
    ctx.headers.set("X-Credential-Identifier", consumer.credentialId);
    ctx.headers.set("X-Consumer-Custom-ID", consumer.customId === undefined ? undefined : bytes(consumer.customId));
}

function unauthorized(ctx: Context, challenge: string, message: string): Exit {
    ctx.response.set("WWW-Authenticate", challenge);
    return { code: 401, body: { message } };
}

/** Attaches the anonymous consumer if one is configured; otherwise returns the rejection. */
export function anonymousOr(
    ctx: Context,
    tools: PluginTools,
    anonymous: string | undefined,
    challenge: string,
    message: string,
): Exit | undefined {
    if (anonymous === undefined) return unauthorized(ctx, challenge, message);
    const guest = tools.anonymousConsumer(anonymous);
    if (!guest) return unauthorized(ctx, challenge, "Invalid user authorization");
    attachConsumer(ctx, guest);
    return undefined;
}
