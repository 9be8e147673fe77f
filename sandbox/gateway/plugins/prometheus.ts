import { z } from "zod";
import { definePlugin } from "./plugin";

/** prometheus: counts each request when it ends, and changes neither the request nor its answer. */
export const prometheus = definePlugin({
    name: "prometheus",
    priority: 500,
    schema: z.strictObject({ prefer_name: z.boolean().optional() }),
    create: (conf, _, tools) => ({ log: (ctx) => tools.metrics.count(ctx, conf, tools.metadata("prometheus")) }),
});
