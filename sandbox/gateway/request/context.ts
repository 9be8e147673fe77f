/** One request on its way through the gateway: what plugins may read and change. */
import type { IncomingMessage, ServerResponse } from "node:http";
import { isIP } from "node:net";
import { matchesNetwork, type VarValue } from "../lua/expr";
import { HeaderList, bytes } from "../http/headers";
import { NginxExit } from "../http/nginx";
import type { Figures } from "./figures";
import type { AuthConsumer, Entry, Node, Route, Upstream } from "./types";
import { decodeArgs, encodeArgs, type Args, type Target } from "../http/uri";
import { lookupVariable } from "./variables";

/** Plugins see this many request headers (default of ngx.req.get_headers); the upstream gets them all. */
const MAX_HEADERS = 100;

/** nginx silently drops a header whose name has any other character (ignore_invalid_headers). */
const KEPT_NAME = /^[A-Za-z0-9_-]+$/;

/** The last address of a list, without its port, as nginx reads one that a proxy names; undefined when it is none. */
function lastAddress(text: string): string | undefined {
    const last = /[^ ,]*(?=[ ,]*$)/.exec(text)?.[0] ?? "";
    if (isIP(last) > 0) return last;
    const [, bracketed, plain = bracketed, port] = /^(?:\[(.*)\]|([^:]*)):(\d+)$/.exec(last) ?? [];
    const family = isIP(plain ?? "");
    const fits = bracketed === undefined ? family === 4 : family === 6;
    return fits && Number(port) >= 1 && Number(port) <= 65535 ? plain : undefined;
}

export interface Peer {
    address: string;
    port: number;
    localAddress: string;
    localPort: number;
}

export class Context {
    /** Path and query exactly as the client sent them. */
    readonly unparsed: string;
    /** Request headers as plugins have left them. */
    headers: HeaderList;
    /** Headers of any answer to this request, from the upstream or from a plugin. */
    readonly response = new HeaderList();
    uri: string;
    args: string | undefined;
    method: string;
    /** Peer address, or what a trusted peer named in X-Real-IP. */
    readonly remoteAddress: string;
    /** The TCP peer is in trusted_addresses. */
    readonly trusted: boolean;

    route?: Route;
    consumer?: AuthConsumer;
    globalEntries: Entry[] = [];
    entries: Entry[] = [];

    /** Path of nginx's own variable `uri` where a plugin set it: `uri` above is what APISIX keeps of the request. */
    nginxUri?: string;
    /** Path and query for the upstream where a plugin set them. */
    upstreamUri?: string;
    /** Host for the upstream where a plugin set it. */
    upstreamHost?: string;
    /** Upstream chosen by traffic-split. */
    splitUpstream?: Upstream | "missing";
    /** Node that got the request last. */
    node?: Node;
    /** Longest body in bytes; 0 = no limit (nginx client_max_body_size, the default of APISIX). */
    maxBodySize = 0;
    /** Status of the answer, once there is one. */
    status = 0;
    /** Status of every upstream try, 502 and 504 included. */
    upstreamStatuses: string[] = [];
    /** Every upstream try, in milliseconds of the process; one without an end is under way. */
    readonly upstreamTries: { start: number; end?: number }[] = [];
    /** An upstream has sent the head of an answer. */
    upstreamAnswered = false;
    /** When the head was read, in the same. */
    readonly startedAt = performance.now();
    /** Set once the request is over. */
    figures?: Figures;
    /** Shared by all response-rewrite instances of a request, as in APISIX. */
    responseRewriteMatched = false;
    /** Plugins that ran as an action of workflow, and so do not run again. */
    readonly ranAsAction = new Set<string>();
    /** Things plugins keep for their later phases. */
    readonly notes = new Map<unknown, unknown>();

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
        /** Variables that the configuration of nginx declares, which Lua may set. */
        readonly variables: Map<string, string> = new Map(),
    ) {
        this.method = request.method ?? "GET";
        this.uri = target.uri;
        this.args = target.args;
        this.unparsed = target.unparsed;
        const sent = HeaderList.fromRaw(request.rawHeaders);
        this.headers = new HeaderList([...sent].filter(([name]) => KEPT_NAME.test(name)));

        // real_ip_header X-Real-IP, real_ip_from 127.0.0.1 and unix sockets: the defaults of APISIX
        const claimed = lastAddress(this.headers.all("x-real-ip").at(-1) ?? "");
        this.remoteAddress = (peer.address === "127.0.0.1" ? claimed : undefined) ?? peer.address;

        this.trusted = matchesNetwork(peer.address, trustedAddresses);
        // The configuration sets them for every request, so plugins see them among its headers.
        for (const [name, value] of [
            ["X-Forwarded-Proto", this.scheme],
            ["X-Forwarded-Host", this.headers.get("host") ?? ""],
            ["X-Forwarded-Port", this.forwardedPort],
        ] as const)
            if (!this.trusted || !this.headers.get(name)) this.headers.set(name, value);
        if (!this.trusted) {
            this.headers.delete("Forwarded");
            // without trusted_addresses the client's X-Forwarded-For stays, for compatibility
            if (trustedAddresses.length > 0) this.headers.delete("X-Forwarded-For");
        }
    }

    get scheme(): "http" | "https" {
        return "encrypted" in this.request.socket ? "https" : "http";
    }

    /** The port that the caller names in Host, else the one it came to. */
    get forwardedPort(): string {
        return /:(\d+)$/.exec(this.headers.get("host") ?? "")?.[1] ?? String(this.peer.localPort);
    }

    /** Host without port, trailing dot and case. */
    get host(): string {
        const host = (this.headers.get("host") ?? "").toLowerCase();
        return host.replace(/:\d*$/, "").replace(/\.$/, "");
    }

    /** The request target for the upstream, unless a plugin set upstreamUri. */
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

    /** Header names in lower case; a repeated header is a list. Only the first 100 headers. */
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

    /** First value of a header among those plugins see; "_" also finds "-". */
    header(name: string): string | undefined {
        const table = this.headerTable();
        const key = bytes(name).toLowerCase();
        const value = table[key] ?? table[key.replace(/_/g, "-")];
        return Array.isArray(value) ? value[0] : value;
    }

    /** Several headers count as one. A value ends at a semicolon or blank; the last of a name counts. */
    cookie(name: string): string | undefined {
        const text = this.headers.all("cookie").join("; ");
        const pairs = [...text.matchAll(/[ \t]*([^=]*)=([^; \t]*)[; \t]?/gy)];
        return pairs.filter(([, found]) => found === name).at(-1)?.[2];
    }

    /** A variable as used in vars, filters, limit keys and templates. */
    readonly lookup = (name: string): VarValue => lookupVariable(this, name);

    /** Replaces $name, ${name} and ${name ?? fallback} in a text; counts the ones that had a value. */
    resolve(template: string): { text: string; resolved: number } {
        return this.resolveBytes(bytes(template));
    }

    /** The same for a text of one byte per character. @param escape what is done to each value */
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

    /** The interim answer to `Expect: 100-continue`: nginx sends it whenever it reads or discards a body. */
    sendContinue(): void {
        if (!this.expectContinue || this.continueSent) return;
        this.continueSent = true;
        this.answer.writeContinue();
    }

    /** Reads the whole body once; later calls give what it (or a plugin's replacement) is now. */
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

    replaceBody(body: Buffer): void {
        this.body = body;
    }

    /** The request has a body, even an empty one that was announced. */
    get announcesBody(): boolean {
        return this.headers.has("content-length") || this.headers.has("transfer-encoding");
    }
}
