/** A world for the edge's tests: one active zone, one tunnel to an origin, and the objects that a test adds. */
import assert from "node:assert/strict";
import { randomBytes, randomUUID } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
    Account,
    tokenOf,
    type AccessApplication,
    type AccessPolicy,
    type AccountOptions,
    type Selector,
    type ServiceToken,
    type Tunnel,
    type TunnelConfiguration,
    type Zone,
} from "../../../cloudflare/account";
import { Connector } from "../../../cloudflare/connector/connector";
import { createLog } from "../../../cloudflare/connector/log";
import { parseToken } from "../../../cloudflare/connector/arguments";
import { SigningKeys } from "../../../cloudflare/edge/keys";
import { startEdge, type Edge, type EdgeOptions } from "../../../cloudflare/edge/server";
import { clientSecret, hexId } from "../../../cloudflare/ids";
import { applicationBody, rulesetBody } from "../../../cloudflare/objects";
import { partsOfEnvironment } from "../../../real/choice";
import { RealCloudflared, startConnectorProxy } from "../../../real/cloudflared";
import { addRecord, addTunnel, addZone } from "./objects";
import { send, type Reply, type SendOptions } from "./send";

export const HOST = "api.example.com";
export const NEVER = "2099-01-01T00:00:00Z";

export interface Seen {
    method: string;
    url: string;
    headers: [string, string][];
    body: string;
}

/** Generating keys is slow, so all worlds share one set. */
let keys: SigningKeys | undefined;

export class World {
    readonly seen: Seen[] = [];
    readonly lines: string[] = [];
    readonly connectors: Connector[] = [];
    private readonly ends: (() => Promise<void>)[] = [];
    /** The origin's answer; tests replace it. */
    respond: (seen: Seen, answer: ServerResponse) => void = (_, answer) => answer.end("hello from the origin");

    private constructor(
        readonly account: Account,
        readonly zone: Zone,
        readonly tunnel: Tunnel,
        readonly origin: Server,
        readonly edge: Edge,
    ) {}

    static async start(account: AccountOptions = {}, edge: Partial<EdgeOptions> = {}): Promise<World> {
        const made = new Account({ organizationSince: "2025-01-01T00:00:00Z", plan: "enterprise", ...account });
        const zone = addZone(made);
        const tunnel = addTunnel(made);
        addRecord(made, zone, HOST, `${tunnel.id}.cfargotunnel.com`);
        const origin = createServer((request, answer) => void world.receive(request, answer));
        await new Promise<void>((resolve) => origin.listen(0, "127.0.0.1", resolve));
        keys ??= await SigningKeys.create();
        const log = (line: string) => void world.lines.push(line);
        const started = await startEdge({ port: 0, account: made, keys, log, ...edge });
        const world: World = new World(made, zone, tunnel, origin, started);
        world.configure({ ingress: [{ service: world.originUrl }] });
        return world;
    }

    get originUrl(): string {
        return `http://127.0.0.1:${(this.origin.address() as AddressInfo).port}`;
    }

    async close(): Promise<void> {
        for (const connector of this.connectors) await connector.kill();
        for (const end of this.ends) await end();
        await this.edge.close();
        await new Promise<void>((resolve) => {
            this.origin.close(() => resolve());
            this.origin.closeAllConnections();
        });
    }

    configure(config: TunnelConfiguration["config"]): void {
        const version = (this.tunnel.configuration?.version ?? 0) + 1;
        this.tunnel.configuration = { version, config };
        this.account.changed("tunnel", this.tunnel.id);
    }

    /** Starts a connector and waits for its four connections. */
    async connect(tunnel = this.tunnel): Promise<Connector> {
        const before = tunnel.connections.length;
        const connector = new Connector({
            token: parseToken(tokenOf(this.account, tunnel)),
            edges: [`127.0.0.1:${this.edge.connectorPort}`],
            ca: this.edge.certificate.cert,
            log: createLog((text) => this.lines.push(text)),
            backoff: 5,
        });
        this.connectors.push(connector);
        const all = this.until(() => connector.stats.connected.size === 4 && tunnel.connections.length >= before + 4);
        connector.start();
        await all;
        return connector;
    }

    /**
     * Starts a connector and waits for its four connections. If ALPA_AUTH_REAL names cloudflared, the connector is the
     * real program. The test gets only its id.
     */
    async connectAny(): Promise<{ id: string }> {
        const found = partsOfEnvironment().cloudflared;
        if (!found) return this.connect();
        const folder = mkdtempSync(join(tmpdir(), "cloudflared-"));
        const proxy = await startConnectorProxy(this.edge);
        const ground = { stateDir: folder, env: {}, log: (line: string) => void this.lines.push(line) };
        const program = new RealCloudflared(ground, {
            ...{ found, title: "test", folder, edge: this.edge, proxyUrl: proxy.url, onReady: () => undefined },
            args: ["tunnel", "--metrics", "0.0.0.0:2000", "run"],
            variables: { TUNNEL_NO_PRECHECKS: "true" },
            token: tokenOf(this.account, this.tunnel),
        });
        this.ends.push(async () => {
            await program.kill();
            await proxy.close();
            rmSync(folder, { recursive: true });
        });
        await this.until(() => this.tunnel.connections.length === 4);
        return { id: this.tunnel.connections[0].client_id };
    }

    /**
     * Waits for a condition. It is checked at every change of the account. It is also checked every 5 ms, because it
     * may depend on something outside the account.
     */
    async until(condition: () => boolean): Promise<void> {
        await new Promise<void>((resolve) => {
            const look = () => {
                if (!condition()) return;
                clearInterval(often);
                this.account.off("changed", look);
                resolve();
            };
            const often = setInterval(look, 5);
            often.unref(); // this timer must not keep the process alive after the test has timed out
            this.account.on("changed", look);
            look();
        });
    }

    send(options: SendOptions = {}): Promise<Reply> {
        return send(this.edge.port, { Host: HOST, ...options.headers }, options);
    }

    /** Adds a Worker for requests that match `pattern`. */
    worker(content: string, pattern = `${HOST}/*`): void {
        const script = { id: "one", content, main_module: "worker.mjs", compatibility_date: "2026-01-01" };
        this.account.workerScripts.set("one", script);
        this.account.workerRoutes.set("r", { id: "r", zone_id: this.zone.id, pattern, script: "one" });
    }

    token(change: Partial<ServiceToken> = {}): ServiceToken {
        const token: ServiceToken = {
            ...{ id: randomUUID(), name: "caller", client_id: `${hexId()}.access`, client_secret: clientSecret() },
            client_secret_version: 1,
            enabled: true,
            duration: "8760h",
            expires_at: NEVER,
            created_at: this.account.stamp(),
            updated_at: this.account.stamp(),
            ...change,
        };
        this.account.serviceTokens.set(token.id, token);
        return token;
    }

    policy(decision: AccessPolicy["decision"], include: Selector[]): AccessPolicy {
        const policy: AccessPolicy = {
            ...{ id: randomUUID(), name: decision, decision, include, exclude: [], require: [] },
            created_at: this.account.stamp(),
            updated_at: this.account.stamp(),
        };
        this.account.policies.set(policy.id, policy);
        return policy;
    }

    application(policies: AccessPolicy[], change: Partial<AccessApplication> = {}): AccessApplication {
        const domain = change.domain ?? HOST;
        const application: AccessApplication = {
            ...applicationBody.parse({ name: "api", type: "self_hosted" }),
            ...{ id: randomUUID(), aud: randomBytes(32).toString("hex"), domain, self_hosted_domains: [domain] },
            policies: policies.map(({ id }, i) => ({ id, precedence: i + 1 })),
            created_at: this.account.stamp(),
            updated_at: this.account.stamp(),
            ...change,
        };
        this.account.applications.set(application.id, application);
        return application;
    }

    rules(phase: string, rules: object[]): void {
        const [id, common] = [hexId(), { action: "block", expression: `(http.host eq "${HOST}")` }];
        const given = rulesetBody.parse({
            ...{ name: phase, kind: "zone", phase },
            rules: rules.map((rule) => ({ ...common, ...rule })),
        });
        const complete = given.rules.map((rule, i) => ({ ...rule, id: hexId(), ref: `rule-${i + 1}` }));
        this.account.rulesets.set(id, { ...given, id, zone_id: this.zone.id, rules: complete });
    }

    private async receive(request: IncomingMessage, answer: ServerResponse): Promise<void> {
        const chunks: Buffer[] = [];
        request.on("error", () => undefined);
        answer.on("error", () => undefined);
        try {
            for await (const chunk of request) chunks.push(chunk as Buffer);
        } catch {
            return; // The connector aborted the request.
        }
        const headers: [string, string][] = [];
        const raw = request.rawHeaders;
        for (let i = 0; i < raw.length; i += 2) headers.push([raw[i], raw[i + 1]]);
        const { method = "", url = "" } = request;
        const seen = { method, url, headers, body: Buffer.concat(chunks).toString() };
        this.seen.push(seen);
        this.respond(seen, answer);
    }
}

/** The two headers of a service token. */
export const shows = (token: ServiceToken, secret = token.client_secret): Record<string, string> => ({
    "CF-Access-Client-Id": token.client_id,
    "CF-Access-Client-Secret": secret,
});

/** Values of one header in the origin's request. */
export function seenHeader(seen: Seen | undefined, name: string): string[] {
    assert.ok(seen, "the origin saw no request");
    return seen.headers.filter(([key]) => key.toLowerCase() === name.toLowerCase()).map(([, value]) => value);
}
