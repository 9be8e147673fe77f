import type { Fields } from "../lua/schema";
import { definePlugin, FLAG } from "./plugin";

/** Fields of the plugin's metadata: labels that are set to "", by metric. */
export const METADATA_FIELDS: Fields = { disabled_labels: { type: "object" } };

/** prometheus: counts each request when it ends, and changes neither the request nor its answer. */
export const prometheus = definePlugin<{ prefer_name?: boolean }>({
    name: "prometheus",
    priority: 500,
    fields: { prefer_name: FLAG },
    create: (conf, _, tools) => ({ log: (ctx) => tools.metrics.count(ctx, conf, tools.metadata("prometheus")) }),
});
