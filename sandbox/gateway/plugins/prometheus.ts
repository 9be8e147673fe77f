import { definePlugin } from "./define";

/**
 * prometheus: counts and never touches a request, so the data plane shows nothing of it. Its export server (port 9091)
 * is not started here: asking for metrics fails to connect.
 */
export const prometheus = definePlugin<{ prefer_name?: boolean }>({
    name: "prometheus",
    priority: 500,
    schema: { type: "object", properties: { prefer_name: { type: "boolean", default: false } } },
    create: () => ({}),
});
