import { randomUUID } from "node:crypto";
import { definePlugin } from "./plugin";

const HEADER = "X-Request-Id";

/** request-id adds an id to each request and answer. An id from the client is kept. */
export const requestId = definePlugin<object>({
    name: "request-id",
    priority: 12015,
    fields: {},
    create: () => {
        const note = {};
        return {
            rewrite(ctx) {
                const id = ctx.header(HEADER) ?? randomUUID();
                ctx.headers.set(HEADER, id);
                ctx.notes.set(note, id);
            },
            headerFilter(ctx) {
                const id = ctx.notes.get(note) as string | undefined;
                if (id !== undefined && !ctx.response.has(HEADER)) ctx.response.set(HEADER, id);
            },
        };
    },
});
