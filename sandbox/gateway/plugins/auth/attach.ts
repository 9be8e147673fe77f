/** Steps that all auth plugins share after an authentication has succeeded or failed. */
import type { Context } from "../../request/context";
import { bytes } from "../../http/headers";
import type { AuthConsumer, Exit } from "../../request/types";

/** Sets the headers X-Consumer-* for later plugins and the upstream. Headers of these names from the client are removed. */
export function attachConsumer(ctx: Context, consumer: AuthConsumer): void {
    ctx.consumer = consumer;
    ctx.headers.set("X-Consumer-Username", bytes(consumer.username));
    ctx.headers.set("X-Credential-Identifier", consumer.credentialId);
    ctx.headers.delete("X-Consumer-Custom-ID");
}

export function unauthorized(ctx: Context, challenge: string, message: string): Exit {
    ctx.response.set("WWW-Authenticate", challenge);
    return { code: 401, body: { message } };
}
