/** Reads the settings of a gateway's access log and metrics from its settings file, as it is when the pod starts. */
import { parse } from "yaml";
import { Unsupported } from "../../gateway/unsupported";
import type { AccessLogSettings } from "../../gateway/observed/access-log";
import { declaredIn } from "../../gateway/observed/nginx-settings";
import type { MetricsOptions } from "../../gateway/observed/metrics";

interface Settings {
    nginx_config?: {
        http?: Record<string, unknown>;
        http_configuration_snippet?: string;
        http_server_configuration_snippet?: string;
        http_admin_configuration_snippet?: string;
    };
    plugin_attr?: { prometheus?: Record<string, unknown> };
}

interface Observed {
    /** Unset if the gateway writes no access log, or writes it in APISIX's default format, which is not emulated. */
    accessLog?: AccessLogSettings;
    /** Unset if only the pod itself can read the metrics. */
    metrics?: MetricsOptions;
}

/** @throws Unsupported */
export function observedOf(text: string | undefined): Observed {
    const { nginx_config: nginx = {}, plugin_attr: attributes = {} } = (parse(text ?? "") ?? {}) as Settings;
    const accessLog = accessLogOf(nginx);
    const metrics = metricsOf(attributes.prometheus);
    return { ...(accessLog && { accessLog }), ...(metrics && { metrics }) };
}

function accessLogOf(nginx: NonNullable<Settings["nginx_config"]>): AccessLogSettings | undefined {
    const { access_log: file, access_log_format: format, access_log_format_escape: escape } = nginx.http ?? {};
    if (escape !== "json" || typeof format !== "string") return undefined;
    if (file !== "/dev/stdout") throw new Unsupported(`access_log ${String(file)}`);
    const { http_configuration_snippet: http = "", http_server_configuration_snippet: server = "" } = nginx;
    declaredIn(http, server, nginx.http_admin_configuration_snippet ?? "");
    return { format, httpSnippet: http, serverSnippet: server };
}

/**
 * Checks of the attributes of plugin prometheus, by name. A value that fails its check is unsupported, and so is an
 * attribute without a check.
 */
const ATTRIBUTES: Record<string, (value: unknown) => boolean> = {
    export_addr: () => true,
    default_buckets: (value) => Array.isArray(value) && value.every((bound) => typeof bound === "number"),
    export_uri: (value) => value === "/apisix/prometheus/metrics",
    metric_prefix: (value) => value === "apisix_",
};

function metricsOf(attributes: Record<string, unknown> | undefined): MetricsOptions | undefined {
    if (attributes === undefined) return undefined;
    for (const [name, value] of Object.entries(attributes))
        if (!ATTRIBUTES[name]?.(value))
            throw new Unsupported(`plugin_attr.prometheus.${name} ${JSON.stringify(value)}`);
    const { ip, port } = attributes.export_addr as { ip?: string; port?: number };
    if (ip !== "0.0.0.0") return undefined;
    if (port !== METRICS_PORT) throw new Unsupported(`metrics on port ${port}`);
    return { port: 0, buckets: attributes.default_buckets as number[] | undefined };
}

/** Port for metrics in the container. */
export const METRICS_PORT = 9091;
