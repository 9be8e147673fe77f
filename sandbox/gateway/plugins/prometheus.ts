import { METADATA_SCHEMA } from "../observed/metrics";
import { definePlugin } from "./define";

/** prometheus: counts each request when it ends, and changes neither the request nor its answer. */
export const prometheus = definePlugin<{ prefer_name?: boolean }>({
    name: "prometheus",
    priority: 500,
    schema: { type: "object", properties: { prefer_name: { type: "boolean", default: false } } },
    metadataSchema: METADATA_SCHEMA,
    create: (conf, _, tools) => ({ log: (ctx) => tools.metrics.count(ctx, conf, tools.metadata("prometheus")) }),
});
