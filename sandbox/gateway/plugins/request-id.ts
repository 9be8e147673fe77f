import { randomUUID } from "node:crypto";
import { z } from "zod";
import type { Context } from "../request/context";
import { definePlugin } from "./plugin";

const HEADER = "X-Request-Id";

/** request-id adds an id to each request and answer. An id from the client is kept. */
export const requestId = definePlugin({
    name: "request-id",
    priority: 12015,
    schema: z.strictObject({}),
    create: () => {
        const ids = new WeakMap<Context, string>();
        return {
            rewrite(ctx) {
                const id = ctx.header(HEADER) ?? randomUUID();
                ctx.headers.set(HEADER, id);
                ids.set(ctx, id);
            },
            headerFilter(ctx) {
                if (!ctx.response.has(HEADER)) ctx.response.set(HEADER, ids.get(ctx));
            },
        };
    },
});
