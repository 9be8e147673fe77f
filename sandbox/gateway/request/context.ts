/** The state of one request in the gateway, which plugins read and change. */
import type { IncomingMessage, ServerResponse } from "node:http";
import { isIP } from "node:net";
import { matchesNetwork, type Condition, type VarValue } from "../lua/expr";
import { HeaderList, bytes } from "../http/headers";
import { NginxExit } from "../http/nginx";
import type { Figures } from "./figures";
import type { AuthConsumer, Entry, Node, Route } from "./types";
import { decodeArgs, encodeArgs, type Args, type Target } from "../http/uri";
import { BodyNeeded } from "./post-arguments";
import { LLM_VARIABLES, lookupVariable } from "./variables";

/** Number of request headers that plugins get (default of ngx.req.get_headers). The upstream gets all. */
const MAX_HEADERS = 100;

/** Header names that nginx keeps. It silently drops a header with any other character in its name (ignore_invalid_headers). */
const KEPT_NAME = /^[A-Za-z0-9_-]+$/;

/**
 * Returns the last address of a list, without a port, as nginx reads X-Real-IP. Undefined if the last part of the list is
 * not an address.
 */
function lastAddress(text: string): string | undefined {
    const last = /[^ ,]*(?=[ ,]*$)/.exec(text)?.[0] ?? "";
    if (isIP(last) > 0) return last;
    const [, bracketed, plain = bracketed, port] = /^(?:\[(.*)\]|([^:]*)):(\d+)$/.exec(last) ?? [];
    const family = isIP(plain ?? "");
    const fits = bracketed === undefined ? family === 4 : family === 6;
    return fits && Number(port) >= 1 && Number(port) <= 65535 ? plain : undefined;
}

interface Peer {
    address: string;
    port: number;
    localAddress: string;
    localPort: number;
}

export class Context {
    /** Path and query exactly as the client sent them. */
    readonly unparsed: string;
    /** Request headers after changes by plugins. */
    headers: HeaderList;
    /** Headers for every answer to this request, from the upstream or from a plugin. */
    readonly response = new HeaderList();
    uri: string;
    args: string | undefined;
    method: string;
    /** The peer's address, or X-Real-IP of a trusted peer. */
    readonly remoteAddress: string;
    /** Whether the TCP peer is in trusted_addresses. */
    readonly trusted: boolean;

    route?: Route;
    consumer?: AuthConsumer;
    globalEntries: Entry[] = [];
    entries: Entry[] = [];

    /** nginx's variable `uri`, if a plugin has set it. APISIX matches routes by `uri` above, which no plugin changes. */
    nginxUri?: string;
    /** Path and query for the upstream, if a plugin has set them. */
    upstreamUri?: string;
    /** Host for the upstream, if a plugin has set it. */
    upstreamHost?: string;
    /** Upstream node to which the request was sent last. */
    node?: Node;
    /** Longest body in bytes; 0: no limit (nginx client_max_body_size, the default of APISIX). */
    maxBodySize = 0;
    /** Status of the answer; 0 until it is known. */
    status = 0;
    /** Status of each upstream try, including 502 and 504 of failed tries. */
    upstreamStatuses: string[] = [];
    /** Start and end of each upstream try, in milliseconds of `performance.now()`. A running try has no end. */
    readonly upstreamTries: { start: number; end?: number }[] = [];
    /** Whether an upstream has sent the head of an answer. */
    upstreamAnswered = false;
    /** Time at which the request's head was read, in milliseconds of `performance.now()`. */
    readonly startedAt = performance.now();
    /** Status, bytes and times for the log and the metrics. Set at the end of the request. */
    figures?: Figures;
    /** Shared by all response-rewrite instances of a request, as in APISIX. */
    responseRewriteMatched = false;
    /** Names of plugins that ran as an action of workflow, and do not run again for this request. */
    readonly ranAsAction = new Set<string>();
    /** Data that plugins keep for their later phases. */
    readonly notes = new Map<unknown, unknown>();
    /** What Lua has set for ai-rate-limiting: the name of the counter, and the tokens of the answer by limit_strategy. */
    readonly ai: { instance?: string; usage?: Record<string, number> } = {};
    /** Variables that the nginx configuration declares, with current values. Lua can set them. */
    readonly variables: Map<string, string>;

    private queryChanged = false;
    private body?: Buffer;
    private continueSent = false;

    constructor(
        readonly request: IncomingMessage,
        readonly answer: ServerResponse,
        target: Target,
        readonly peer: Peer,
        trustedAddresses: readonly string[],
        private readonly expectContinue: boolean,
        variables: ReadonlyMap<string, string> = new Map(),
    ) {
        this.variables = new Map([...LLM_VARIABLES, ...variables]);
        this.method = request.method ?? "GET";
        this.uri = target.uri;
        this.args = target.args;
        this.unparsed = target.unparsed;
        const sent = HeaderList.fromRaw(request.rawHeaders);
        this.headers = new HeaderList([...sent].filter(([name]) => KEPT_NAME.test(name)));

        // APISIX's defaults: real_ip_header is X-Real-IP, real_ip_from is 127.0.0.1 and unix sockets
        const claimed = lastAddress(this.headers.all("x-real-ip").at(-1) ?? "");
        this.remoteAddress = (peer.address === "127.0.0.1" ? claimed : undefined) ?? peer.address;

        this.trusted = matchesNetwork(peer.address, trustedAddresses);
        // APISIX's nginx configuration sets these headers on every request. Plugins therefore see them as request headers.
        for (const [name, value] of [
            ["X-Forwarded-Proto", this.scheme],
            ["X-Forwarded-Host", this.headers.get("host") ?? ""],
            ["X-Forwarded-Port", this.forwardedPort],
        ] as const)
            if (!this.trusted || !this.headers.get(name)) this.headers.set(name, value);
        if (!this.trusted) {
            this.headers.delete("Forwarded");
            // If trusted_addresses is unset, APISIX keeps the client's X-Forwarded-For for compatibility.
            if (trustedAddresses.length > 0) this.headers.delete("X-Forwarded-For");
        }
    }

    get scheme(): "http" | "https" {
        return "encrypted" in this.request.socket ? "https" : "http";
    }

    /** The port in the Host header. If the header has none, the port of the connection. */
    get forwardedPort(): string {
        return /:(\d+)$/.exec(this.headers.get("host") ?? "")?.[1] ?? String(this.peer.localPort);
    }

    /** The Host header without port and trailing dot, in lower case. */
    get host(): string {
        const host = (this.headers.get("host") ?? "").toLowerCase();
        return host.replace(/:\d*$/, "").replace(/\.$/, "");
    }

    /** The unchanged request target; undefined if a plugin has changed the query. */
    get originalUri(): string | undefined {
        return this.queryChanged ? undefined : this.unparsed;
    }

    get queryArgs(): Args {
        return decodeArgs(this.args ?? "");
    }

    setQueryArgs(args: Args): void {
        this.args = encodeArgs(args) || undefined;
        this.queryChanged = true;
    }

    removeQueryArg(name: string): void {
        const args = this.queryArgs;
        args.delete(name);
        this.setQueryArgs(args);
    }

    /** The first 100 headers by lower-case name. A repeated header has a list of values. */
    headerTable(): Record<string, string | string[]> {
        const table = Object.create(null) as Record<string, string | string[]>;
        let seen = 0;
        for (const [name, value] of this.headers) {
            if (seen++ >= MAX_HEADERS) break;
            const key = name.toLowerCase();
            const old = table[key];
            table[key] = old === undefined ? value : Array.isArray(old) ? [...old, value] : [old, value];
        }
        return table;
    }

    /** First value of a header that plugins see; "_" also matches "-". */
    header(name: string): string | undefined {
        const table = this.headerTable();
        const key = bytes(name).toLowerCase();
        const value = table[key] ?? table[key.replace(/_/g, "-")];
        return Array.isArray(value) ? value[0] : value;
    }

    /**
     * Returns a cookie by name. Several Cookie headers are joined. A value ends at a semicolon or space. If a name is
     * repeated, the last value counts.
     */
    cookie(name: string): string | undefined {
        const text = this.headers.all("cookie").join("; ");
        const pairs = [...text.matchAll(/[ \t]*([^=]*)=([^; \t]*)[; \t]?/gy)];
        return pairs.filter(([, found]) => found === name).at(-1)?.[2];
    }

    /** A variable for vars, filters, limit keys and templates. */
    readonly lookup = (name: string): VarValue => lookupVariable(this, name);

    /** Whether a condition is true. Reads the body first if the condition needs it. */
    async holds(condition: Condition): Promise<boolean> {
        try {
            return condition(this.lookup);
        } catch (error) {
            if (!(error instanceof BodyNeeded)) throw error;
            await this.readBody();
            return condition(this.lookup);
        }
    }

    /** Replaces $name, ${name} and ${name ?? fallback} in a text. `resolved`: number of variables that have a value. */
    resolve(template: string): { text: string; resolved: number } {
        return this.resolveBytes(bytes(template));
    }

    /** Does the same as `resolve`, but the characters of the template are bytes. @param escape applied to each value */
    resolveBytes(template: string, escape = (value: string) => value): { text: string; resolved: number } {
        let resolved = 0;
        const text = template.replace(
            /(?<!\\)\$(?:\{(\w+)(?:\s*\?\?\s*([^}]*))?\}|(\w+))/g,
            (_, braced?: string, fallback?: string, plain?: string) => {
                const value = this.lookup(braced ?? plain ?? "") ?? fallback?.trim();
                if (value === undefined) return "";
                resolved++;
                return escape(String(value));
            },
        );
        return { text, resolved };
    }

    /** Answers `Expect: 100-continue` with 100, as nginx does before it reads or discards a body. */
    sendContinue(): void {
        if (!this.expectContinue || this.continueSent) return;
        this.continueSent = true;
        this.answer.writeContinue();
    }

    /** Reads the whole body once; later calls return it, or a plugin's replacement. */
    async readBody(): Promise<Buffer> {
        if (this.body) return this.body;
        this.sendContinue();
        const chunks: Buffer[] = [];
        let size = 0;
        for await (const chunk of this.request.iterator({ destroyOnReturn: false })) {
            const part = chunk as Buffer;
            size += part.length;
            if (this.maxBodySize > 0 && size > this.maxBodySize) throw new NginxExit(413);
            chunks.push(part);
        }
        this.body = Buffer.concat(chunks);
        return this.body;
    }

    /** The body, or a plugin's replacement; undefined if it is not read yet. */
    get bodyRead(): Buffer | undefined {
        return this.body;
    }

    replaceBody(body: Buffer): void {
        this.body = body;
    }

    /** Whether the headers announce a body, even an empty one. */
    get announcesBody(): boolean {
        return this.headers.has("content-length") || this.headers.has("transfer-encoding");
    }
}
