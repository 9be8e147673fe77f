/** The state of one request in the gateway, which plugins read and change. */
import type { IncomingMessage, ServerResponse } from "node:http";
import { isIP } from "node:net";
import type { Condition, VarValue } from "../lua/expr";
import { HeaderList } from "../http/headers";
import { NginxExit } from "../http/nginx";
import type { Figures } from "./figures";
import type { AuthConsumer, Entry, Node, Route } from "./types";
import type { Target } from "../http/uri";
import { BodyNeeded } from "./post-arguments";
import { LLM_VARIABLES, lookupVariable } from "./variables";

/** Number of request headers that plugins get (default of ngx.req.get_headers). The upstream gets all. */
export const MAX_HEADERS = 100;

/** Header names that nginx keeps. It silently drops a header with any other character in its name (ignore_invalid_headers). */
const KEPT_NAME = /^[A-Za-z0-9_-]+$/;

/** Returns the last address of a list, without a port, as nginx reads X-Real-IP. Undefined if it is not an address. */
function lastAddress(text: string): string | undefined {
    const last = /[^ ,]*(?=[ ,]*$)/.exec(text)?.[0] ?? "";
    const bare = isIP(last) > 0 ? last : last.replace(/^\[?(.*?)\]?:[1-9]\d{0,4}$/, "$1");
    return isIP(bare) > 0 ? bare : undefined;
}

export class Context {
    /** Request headers after changes by plugins. */
    readonly headers: HeaderList;
    /** Headers for every answer to this request, from the upstream or from a plugin. */
    readonly response = new HeaderList();
    readonly method: string;
    readonly scheme: "http" | "https";
    /** The peer's address, or the address in its X-Real-IP. */
    readonly remoteAddress: string;

    route?: Route;
    consumer?: AuthConsumer;
    entries: Entry[] = [];

    /** nginx's variable `uri`, if a plugin has set it. APISIX matches routes by `target`, which no plugin changes. */
    nginxUri?: string;
    /** Upstream node to which the request was sent. */
    node?: Node;
    /** Longest body in bytes; 0: no limit (nginx client_max_body_size, the default of APISIX). */
    maxBodySize = 0;
    /** Status of the answer; 0 until it is known. */
    status = 0;
    /** Status of the upstream's answer, or 502 or 504 if it gave none. */
    upstreamStatus?: number;
    /** Start and end of the upstream request, in milliseconds of `performance.now()`. A running request has no end. */
    upstreamTime?: { start: number; end?: number };
    /** Whether an upstream has sent the head of an answer. */
    upstreamAnswered = false;
    /** Time at which the request's head was read, in milliseconds of `performance.now()`. */
    readonly startedAt = performance.now();
    /** Status, bytes and times for the log and the metrics. Set at the end of the request. */
    figures?: Figures;
    /** Names of plugins that ran as an action of workflow, and do not run again for this request. */
    readonly ranAsAction = new Set<string>();
    /** What Lua has set for ai-rate-limiting: the name of the counter, and the tokens of the answer. */
    readonly ai: { instance?: string; tokens?: number } = {};
    /** Variables that the nginx configuration declares, with current values. Lua can set them. */
    readonly variables: Map<string, string>;
    /** The body, or a plugin's replacement; undefined if it is not read yet. */
    bodyRead?: Buffer;
    private continueSent = false;

    constructor(
        readonly request: IncomingMessage,
        readonly answer: ServerResponse,
        readonly target: Target,
        private readonly expectContinue: boolean,
        variables: ReadonlyMap<string, string> = new Map(),
    ) {
        this.variables = new Map([...LLM_VARIABLES, ...variables]);
        this.method = request.method ?? "GET";
        this.scheme = "encrypted" in request.socket ? "https" : "http";
        const sent = HeaderList.fromRaw(request.rawHeaders);
        this.headers = new HeaderList([...sent].filter(([name]) => KEPT_NAME.test(name)));

        // APISIX's defaults: real_ip_header is X-Real-IP, real_ip_from is 127.0.0.1, which is the peer of every request here.
        const { remoteAddress = "", localPort } = request.socket;
        this.remoteAddress = lastAddress(this.headers.all("x-real-ip").at(-1) ?? "") ?? remoteAddress;
        // APISIX's nginx configuration sets these headers on every request. Plugins therefore see them as request headers.
        const host = this.headers.get("host") ?? "";
        this.headers.set("X-Forwarded-Proto", this.scheme);
        this.headers.set("X-Forwarded-Host", host);
        this.headers.set("X-Forwarded-Port", /:(\d+)$/.exec(host)?.[1] ?? String(localPort));
        this.headers.delete("Forwarded");
    }

    /** The first 100 headers by lower-case name. A repeated header has a list of values. */
    headerTable(): Record<string, string | string[]> {
        const table = Object.create(null) as Record<string, string | string[]>;
        for (const [name, value] of [...this.headers].slice(0, MAX_HEADERS)) {
            const key = name.toLowerCase();
            table[key] = key in table ? [table[key], value].flat() : value;
        }
        return table;
    }

    /** First value of a header that plugins see. */
    header(name: string): string | undefined {
        return [this.headerTable()[name.toLowerCase()]].flat()[0];
    }

    /** A variable for vars, filters and limit keys. */
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

    /** Answers `Expect: 100-continue` with 100, as nginx does before it reads or discards a body. */
    sendContinue(): void {
        if (!this.expectContinue || this.continueSent) return;
        this.continueSent = true;
        this.answer.writeContinue();
    }

    /** Reads the whole body once; later calls return it, or a plugin's replacement. */
    async readBody(): Promise<Buffer> {
        if (this.bodyRead) return this.bodyRead;
        this.sendContinue();
        const chunks: Buffer[] = [];
        let size = 0;
        for await (const chunk of this.request.iterator({ destroyOnReturn: false })) {
            size += (chunk as Buffer).length;
            if (this.maxBodySize > 0 && size > this.maxBodySize) throw new NginxExit(413);
            chunks.push(chunk as Buffer);
        }
        return (this.bodyRead = Buffer.concat(chunks));
    }
}
