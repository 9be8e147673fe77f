import { z } from "zod";
import { definePlugin } from "./plugin";

/**
 * client-control rejects a Content-Length above the limit at once. Without Content-Length, nginx counts the bytes as it reads.
 */
export const clientControl = definePlugin({
    name: "client-control",
    priority: 22000,
    schema: z.strictObject({ max_body_size: z.int().min(0) }),
    create: ({ max_body_size: max }) => ({
        rewrite(ctx) {
            ctx.maxBodySize = max;
            return max > 0 && Number(ctx.headers.get("content-length") ?? 0) > max ? { code: 413 } : undefined;
        },
    }),
});
