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

type Lookup = (name: string) => string;

export class AccessLog {
    /** Maps and variables of the nginx configuration. */
    readonly declared: Declared;

    /** @throws Unsupported */
    constructor(
        private readonly settings: AccessLogSettings,
        private readonly write: (line: string) => void,
    ) {
        this.declared = declaredIn(settings.httpSnippet, settings.serverSnippet);
    }

    /** Writes the line of a request. @param ctx undefined if nginx rejected the request before APISIX got it */
    add(ctx: Context | undefined, client: string, figures: Figures): void {
        const seconds = (value: number) => value.toFixed(3);
        const { upstreamSeconds } = figures;
        const own: Record<string, string> = {
            time_iso8601: new Date().toISOString().replace(/\.\d+Z$/, "+00:00"),
            status: String(figures.status),
            request_time: seconds(figures.requestSeconds),
            request_length: String(figures.received),
            bytes_sent: String(figures.sent),
            remote_addr: client,
            // An upstream request that the caller aborted has no status.
            upstream_status: upstreamSeconds === undefined ? "" : String(ctx?.upstreamStatus ?? "-"),
            upstream_response_time: upstreamSeconds === undefined ? "" : seconds(upstreamSeconds),
        };
        const lookup: Lookup = (name) => own[name] ?? this.mapped(name, lookup) ?? String(ctx?.lookup(name) ?? "");
        // Escapes values for JSON as nginx does: bytes above 0x7f are not escaped.
        const escape = (text: string) => text.replace(/["\\\x00-\x1f]/g, (sign) => JSON.stringify(sign).slice(1, -1));
        this.write(filled(this.settings.format, (name) => escape(lookup(name))));
    }

    private mapped(name: string, lookup: Lookup): string | undefined {
        const map = this.declared.maps.get(name);
        if (!map) return undefined;
        const value = filled(map.source, lookup);
        return filled(map.entries.find(([pattern]) => pattern.test(value))?.[1] ?? map.fallback, lookup);
    }
}

function filled(template: string, lookup: Lookup): string {
    return template.replace(/\$(\w+)/g, (_, name: string) => lookup(name));
}
