/** Replays recorded requests against its own emulator, and compares the answers and the upstream's requests. */
import { setTimeout as sleep } from "node:timers/promises";
import { isDeepStrictEqual } from "node:util";
import { startGateway, type Gateway } from "../../../gateway/server";
import { startRedis, type RedisServer } from "../../../redis/server";
import { startDebugUpstream, type DebugUpstream } from "../debug-upstream";
import type { Placeholders } from "./placeholders";
import { rawRequest, type RawAnswer, type RawRequest } from "../raw-client";
import type { Json, RecordedCase, RecordedConfig, RecordedRequest } from "./recording-types";

const ADMIN_KEY = "test-admin-key";
/** A port without a listener. */
const CLOSED_PORT = 1;
/** In the recordings, no program listened on this redis_port. */
const RECORDED_CLOSED_REDIS = 16399;

/**
 * A gateway with one configuration of the recordings. It has two upstreams. It has a new Redis if the recording had a
 * Redis.
 */
export class Bench {
    private constructor(
        private readonly gateway: Gateway,
        private readonly upstreams: Record<string, DebugUpstream>,
        private readonly placeholders: Placeholders,
        private readonly redis: RedisServer | undefined,
    ) {}

    static async start(config: RecordedConfig, placeholders: Placeholders): Promise<Bench> {
        const trustedAddresses = config.instance?.["apisix.trusted_addresses"];
        const [gateway, primary, canary, redis] = await Promise.all([
            startGateway({ port: 0, adminPort: 0, adminKey: ADMIN_KEY, trustedAddresses }),
            startDebugUpstream(),
            startDebugUpstream(),
            config.needs === "redis" ? startRedis({ port: 0 }) : undefined,
        ]);
        return new Bench(gateway, { primary, canary }, placeholders, redis);
    }

    async stop(): Promise<void> {
        await Promise.all([this.gateway, ...Object.values(this.upstreams)].map((part) => part.close()));
        await this.redis?.close(); // Redis ends last, so that the gateway can close its connection to it cleanly.
    }

    /** Replaces upstream addresses in the recordings by the addresses of this bench's upstreams. */
    private here(text: string): string {
        return text
            .replaceAll("127.0.0.1:19801", `127.0.0.1:${this.upstreams.primary.port}`)
            .replaceAll("127.0.0.1:19802", `127.0.0.1:${this.upstreams.canary.port}`)
            .replaceAll("127.0.0.1:19899", `127.0.0.1:${CLOSED_PORT}`);
    }

    async admin(
        method: string,
        path: string,
        body: Json | null,
        key = ADMIN_KEY,
    ): Promise<{ status: number; body: unknown }> {
        const text =
            body === null
                ? undefined
                : JSON.stringify(JSON.parse(this.here(JSON.stringify(body))), (name, v: unknown) => {
                      if (v === "{{redis_port}}") return this.redis?.port;
                      if (name === "redis_port" && v === RECORDED_CLOSED_REDIS) return CLOSED_PORT;
                      return typeof v === "string" ? this.placeholders.fill(v) : v;
                  });
        const response = await fetch(`http://127.0.0.1:${this.gateway.adminPort}${path}`, {
            method,
            headers: { "X-API-KEY": key },
            body: text,
        });
        const answer = await response.text();
        return { status: response.status, body: answer.startsWith("{") ? (JSON.parse(answer) as unknown) : answer };
    }

    /**
     * Writes the objects of a configuration until the gateway rejects an object.
     * @returns the rejection; undefined if the gateway accepts all objects
     */
    async load(config: RecordedConfig): Promise<{ status: number; body: unknown } | undefined> {
        const steps: [path: string, body: Json][] = [];
        for (const { credentials, ...consumer } of config.consumers ?? []) {
            steps.push(["/consumers", consumer]);
            for (const { id, ...credential } of credentials ?? [])
                steps.push([`/consumers/${consumer.username as string}/credentials/${id}`, credential]);
        }
        for (const kind of ["routes", "global_rules"] as const)
            for (const { id, ...object } of config[kind] ?? []) steps.push([`/${kind}/${String(id)}`, object]);
        for (const [path, body] of steps) {
            const result = await this.admin("PUT", `/apisix/admin${path}`, body);
            if (result.status !== 201) return result;
        }
        return undefined;
    }

    private raw(request: RecordedRequest): RawRequest {
        const body = this.placeholders.body(request);
        const headers: [string, string][] = [];
        if (request.host !== null) headers.push(["Host", request.host ?? "api.alpa.example"]);
        headers.push(["Connection", "close"]);
        for (const [name, value] of request.headers) headers.push([name, this.placeholders.fill(value)]);
        const has = (name: string) => request.headers.some(([n]) => n.toLowerCase() === name);
        if (body && request.method !== "GET" && !has("content-type"))
            headers.push(["Content-Type", "application/json"]);
        if (body)
            headers.push(request.chunked ? ["Transfer-Encoding", "chunked"] : ["Content-Length", String(body.length)]);
        if (request.expect100) headers.push(["Expect", "100-continue"]);
        const { method, chunked, expect100 } = request;
        return { method, path: this.placeholders.fill(request.path), headers, body, chunked, expect100 };
    }

    /** Differences between the recording and this gateway; empty when there are none. */
    async replay(recorded: RecordedCase, alternatives: RecordedCase[] = []): Promise<string[]> {
        for (const { admin, body, status } of recorded.before ?? []) {
            const [method, path] = admin.split(" ");
            const result = await this.admin(method, `/apisix/admin${path}`, body);
            if (result.status !== status) return [`${admin}: ${result.status} instead of ${status}`];
        }
        if (recorded.waitBefore) await sleep(recorded.waitBefore * 1000);
        const upstreams = Object.entries(this.upstreams);
        const flying = recorded.whileInFlight;
        const inFlight = flying && rawRequest(this.gateway.port, this.raw({ ...flying, body: recorded.request.body }));
        if (flying) {
            let over = false;
            inFlight!.finally(() => (over = true)).catch(() => undefined);
            const arrived = () => upstreams.some(([, u]) => u.seen.length > 0);
            while (!arrived() && !over) await sleep(5);
        }
        for (const [, upstream] of upstreams) upstream.seen.length = 0;

        const request = this.raw(recorded.request);
        const answer = await rawRequest(this.gateway.port, request);
        const found = [recorded, ...alternatives].map((c) => [
            ...this.compareAnswer(c, answer),
            ...this.compareUpstream(c, request, answer),
        ]);
        await inFlight;
        for (const [, upstream] of upstreams) upstream.seen.length = 0;
        return found.find((differences) => differences.length === 0) ?? found[0];
    }

    private compareAnswer({ expect, unstable }: RecordedCase, answer: RawAnswer): string[] {
        const differences: string[] = [];
        const differ = (what: string, got: unknown, wanted: unknown) =>
            differences.push(`${what}: got ${JSON.stringify(got)}, recorded ${JSON.stringify(wanted)}`);
        if (answer.status !== expect.status) differ("status", answer.status, expect.status);

        const ignored = new Set(["date", "connection", "keep-alive", "server"]);
        const got = answer.headers.filter(([n]) => !ignored.has(n.toLowerCase()));
        const server = answer.headers.find(([n]) => n.toLowerCase() === "server")?.[1];
        if (server !== (expect.server ?? "APISIX/3.18.0")) differ("Server", server, expect.server ?? "APISIX/3.18.0");
        for (const [name, wanted] of Object.entries(expect.headers)) {
            const values = got.filter(([n]) => n.toLowerCase() === name.toLowerCase()).map(([, v]) => v);
            if (!matches(wanted, values.join(", "))) differ(name, values, wanted);
        }
        const known = new Set(Object.keys(expect.headers).map((n) => n.toLowerCase()));
        for (const [name, value] of got)
            if (!known.has(name.toLowerCase())) differ(`extra header ${name}`, value, null);

        const text = answer.body.toString("utf8");
        const anyMessage = unstable === "which of several failures the validator names";
        if (expect.bodyText !== undefined && expect.bodyText !== text && !anyMessage)
            differ("body", text, expect.bodyText);
        if (expect.bodyJson !== undefined) {
            if (!isDeepStrictEqual(parse(text), expect.bodyJson)) differ("body", text, expect.bodyJson);
            if (text.endsWith("\n") !== expect.bodyEndsWithNewline)
                differ("final line feed", text.endsWith("\n"), expect.bodyEndsWithNewline);
        }
        if (!isDeepStrictEqual(answer.interim, expect.interim ?? [])) differ("interim", answer.interim, expect.interim);
        const late = expect.elapsedMs === undefined ? 0 : answer.elapsedMs - expect.elapsedMs;
        if (late < -30 || late > 10_000) differ("elapsed ms", answer.elapsedMs, expect.elapsedMs);
        return differences;
    }

    private compareUpstream({ upstreamSaw, unstable }: RecordedCase, request: RawRequest, answer: RawAnswer): string[] {
        const hits = Object.entries(this.upstreams).flatMap(([name, u]) => u.seen.map((seen) => ({ name, ...seen })));
        if (!upstreamSaw) return hits.length === 0 ? [] : [`upstream: ${hits.length} request(s), recorded none`];
        if (hits.length !== upstreamSaw.hits)
            return [`upstream: ${hits.length} request(s), recorded ${upstreamSaw.hits}`];
        const differences: string[] = [];
        const differ = (what: string, got: unknown, wanted: unknown) =>
            differences.push(`upstream ${what}: got ${JSON.stringify(got)}, recorded ${JSON.stringify(wanted)}`);
        const [hit] = hits;
        const anyNode = unstable === "which node is tried first";
        if (hit.name !== upstreamSaw.upstream && !anyNode) differ("name", hit.name, upstreamSaw.upstream);
        if (hit.method !== upstreamSaw.method) differ("method", hit.method, upstreamSaw.method);
        const path = this.placeholders.fill(upstreamSaw.path);
        if (hit.path !== path) differ("path", hit.path, path);

        const requestId = answer.headers.find(([n]) => n.toLowerCase() === "x-request-id")?.[1] ?? "";
        for (const [name, recorded] of Object.entries(upstreamSaw.headers)) {
            let wanted = this.placeholders.fill(this.here(recorded));
            if (name === "x-forwarded-port" && wanted === "19080") wanted = String(this.gateway.port);
            if (wanted.startsWith("~uuid4")) wanted = requestId;
            if (!matches(wanted, hit.headers[name])) differ(name, hit.headers[name], wanted);
        }
        for (const name of Object.keys(hit.headers))
            if (!(name in upstreamSaw.headers)) differ(`extra header ${name}`, hit.headers[name], null);

        if (hit.body.length !== upstreamSaw.bodyLength) differ("body length", hit.body.length, upstreamSaw.bodyLength);
        if (upstreamSaw.bodySame === true && !hit.body.equals(request.body ?? Buffer.alloc(0)))
            differ("body", hit.body.toString(), "the client's bytes");
        if (upstreamSaw.bodyJson !== undefined && !isDeepStrictEqual(parse(hit.body.toString()), upstreamSaw.bodyJson))
            differ("body", hit.body.toString(), upstreamSaw.bodyJson);
        return differences;
    }
}

/** A recorded value that starts with ~^ is a regular expression. */
function matches(wanted: string, got: string | undefined): boolean {
    return wanted.startsWith("~^") ? new RegExp(wanted.slice(1)).test(got ?? "") : wanted === got;
}

function parse(text: string): unknown {
    try {
        return JSON.parse(text) as unknown;
    } catch {
        return undefined;
    }
}
