import { definePlugin } from "./plugin";

/**
 * client-control rejects a Content-Length above the limit at once. Without Content-Length, nginx counts the bytes as it reads.
 */
export const clientControl = definePlugin<{ max_body_size: number }>({
    name: "client-control",
    priority: 22000,
    fields: { max_body_size: { type: "integer", minimum: 0 } },
    required: ["max_body_size"],
    create: ({ max_body_size: max }) => ({
        rewrite(ctx) {
            ctx.maxBodySize = max;
            return max > 0 && Number(ctx.headers.get("content-length") ?? 0) > max ? { code: 413 } : undefined;
        },
    }),
});
