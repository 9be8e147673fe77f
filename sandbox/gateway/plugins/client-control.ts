import { definePlugin } from "./define";

/**
 * client-control rejects a Content-Length above the limit at once. Without Content-Length, nginx counts the bytes as it reads.
 */
export const clientControl = definePlugin<{ max_body_size?: number }>({
    name: "client-control",
    priority: 22000,
    schema: {
        type: "object",
        properties: {
            max_body_size: { type: "integer", minimum: 0, description: "0 means no limit on the body size." },
        },
    },
    create: ({ max_body_size: max }) => ({
        rewrite(ctx) {
            if (max === undefined) return undefined;
            const announced = ctx.headers.get("content-length");
            if (max > 0 && announced !== undefined && Number(announced) > max) return { code: 413 };
            ctx.maxBodySize = max;
        },
    }),
});
