/**
 * The access log of nginx in a format of the settings file, with `escape=json`. A line is written at the end of its request.
 *
 * Unsupported: APISIX's buffer, in which a line waits up to 3 s; lines for requests to the Admin API, because this project
 * turns their log off.
 */
import type { Context } from "../request/context";
import type { Figures } from "../request/figures";
import { declaredIn, type Declared } from "./nginx-settings";

/** The settings of `nginx_config` that the access log uses. */
export interface AccessLogSettings {
    format: string;
    /** nginx directives for the http and server blocks. */
    httpSnippet: string;
    serverSnippet: string;
}

type Lookup = (name: string) => string | undefined;

export class AccessLog {
    private readonly declared: Declared;

    /** @throws Unsupported */
    constructor(
        private readonly settings: AccessLogSettings,
        private readonly write: (line: string) => void,
    ) {
        this.declared = declaredIn(settings.httpSnippet, settings.serverSnippet);
    }

    /** Variables that the nginx configuration declares, with their initial values. */
    get variables(): ReadonlyMap<string, string> {
        return this.declared.variables;
    }

    /** Writes the line of a request that APISIX has handled. */
    add(ctx: Context, figures: Figures): void {
        // An upstream request that the caller aborted has no status.
        const status = String(ctx.upstreamStatus ?? "-");
        const upstream: Record<string, string> =
            figures.upstreamSeconds === undefined
                ? {}
                : { upstream_status: status, upstream_response_time: seconds(figures.upstreamSeconds) };
        this.line(figures, (name) => {
            const value = name.startsWith("upstream_") ? upstream[name] : ctx.lookup(name);
            return value === undefined ? undefined : String(value);
        });
    }

    /**
     * Writes the line of a request that nginx rejected. Variables of APISIX are empty in this line, because APISIX does not
     * run for such a request.
     */
    addRefused(client: string, figures: Figures): void {
        this.line(figures, (name) => (name === "remote_addr" ? client : undefined));
    }

    private line(figures: Figures, others: Lookup): void {
        const own: Record<string, string> = {
            time_iso8601: new Date().toISOString().replace(/\.\d+Z$/, "+00:00"),
            status: String(figures.status),
            request_time: seconds(figures.requestSeconds),
            request_length: String(figures.received),
            bytes_sent: String(figures.sent),
        };
        const lookup: Lookup = (name) => own[name] ?? this.mapped(name, lookup) ?? others(name);
        this.write(filled(this.settings.format, lookup, escapeJson));
    }

    private mapped(name: string, lookup: Lookup): string | undefined {
        const map = this.declared.maps.get(name);
        if (!map) return undefined;
        const value = filled(map.source, lookup);
        return filled(map.entries.find(([matches]) => matches(value))?.[1] ?? map.fallback, lookup);
    }
}

const seconds = (value: number) => value.toFixed(3);

function filled(template: string, lookup: Lookup, escape = (value: string) => value): string {
    return template.replace(/\$(\w+)/g, (_, name: string) => escape(lookup(name) ?? ""));
}

/** Escapes a value for JSON as nginx does: bytes above 0x7f are not escaped. */
function escapeJson(value: string): string {
    return value.replace(/["\\\x00-\x1f]/g, (sign) => JSON.stringify(sign).slice(1, -1));
}
