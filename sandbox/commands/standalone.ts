/** Commands that run a single emulator, for programs of other projects. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startAlpa } from "../alpa/server";
import { Account, type Plan } from "../cloudflare/account";
import { startCloudflareApi } from "../cloudflare/api/server";
import { edgeVariables, startEdge } from "../cloudflare/edge/server";
import { startGateway } from "../gateway/server";
import { startGuard } from "../processes";
import { startRedis } from "../redis/server";

/**
 * Delay before a new zone becomes active, in milliseconds. The answer to the request that creates the zone must still
 * be "pending".
 */
const SOON_MS = 1000;

export async function runGateway(options: { port: number; adminPort: number; adminKey: string }): Promise<void> {
    const gateway = await startGateway({ ...options, log: console.error });
    console.log(`APISIX emulator: http://127.0.0.1:${gateway.port}, Admin API http://127.0.0.1:${gateway.adminPort}`);
    await closeOnSignal(gateway);
}

export async function runCloudflare(options: {
    port: number;
    token: string;
    account?: string;
    plan: Plan;
    edgePort?: number;
    connectorPort?: number;
}): Promise<void> {
    const { account: id = "first", plan, edgePort, connectorPort } = options;
    const account = new Account({ id, plan, ...(edgePort === undefined ? {} : { certificateSeconds: 0 }) });
    account.delegation = (zone) => account.zoneNamed(zone)?.name_servers ?? [];
    const api = await startCloudflareApi({ ...options, account, log: console.error });
    console.log(`Cloudflare API emulator: CLOUDFLARE_BASE_URL=${api.url}`);
    if (edgePort === undefined) return closeOnSignal(api);

    activateSoon(account);
    const edge = await startEdge({ port: edgePort, account, connectorPort, log: console.error });
    console.log(`Edge emulator: ${edge.url} (the Host header picks the hostname), Access keys: ${edge.certsUrl}`);
    const folder = mkdtempSync(join(tmpdir(), "alpa-auth-edge-"));
    const file = join(folder, "edge.crt");
    writeFileSync(file, edge.certificate.cert);
    const variables = {
        ...edgeVariables(edge, file),
        TUNNEL_TRANSPORT_PROTOCOL: "http2",
        TUNNEL_TOKEN: "<tunnel token>",
    };
    const words = Object.entries(variables).map(([name, value]) => `${name}=${value}`);
    const connector = "node -r tsx/cjs sandbox/cloudflare/connector/main.ts";
    console.log(
        `To start a connector (or cloudflared instead of node …), run: ${words.join(" ")} ${connector} --no-autoupdate tunnel run`,
    );
    await closeOnSignal({ close: async () => void (await Promise.all([api.close(), edge.close()])) });
    rmSync(folder, { recursive: true, force: true });
}

/**
 * Activates new zones after SOON_MS. Without this, an interactive user would wait a minute for Cloudflare's first check of a
 * delegation.
 */
function activateSoon(account: Account): void {
    account.on("changed", ({ kind, id }) => {
        const zone = kind === "zone" ? account.zones.get(id) : undefined;
        if (zone?.status === "pending") setTimeout(() => account.delegated(zone), SOON_MS).unref();
    });
}

export async function runAlpa(options: { port: number; seconds: number }): Promise<void> {
    const alpa = await startAlpa(options);
    console.log(`Alpa emulator: http://127.0.0.1:${alpa.port}`);
    await closeOnSignal(alpa);
}

export async function runRedis(options: { port: number }): Promise<void> {
    const stateDir = mkdtempSync(join(tmpdir(), "alpa-auth-redis-"));
    const guard = await startGuard({ stateDir, sandboxId: stateDir });
    try {
        const redis = await startRedis({ ...options, stateDir });
        console.log(`Redis: redis://127.0.0.1:${redis.port}`);
        await closeOnSignal(redis);
    } finally {
        await guard.stop();
        rmSync(stateDir, { recursive: true, force: true });
    }
}

/** Runs until SIGINT or SIGTERM. */
async function closeOnSignal(server: { close(): Promise<void> }): Promise<void> {
    await new Promise<void>((resolve) => ["SIGINT", "SIGTERM"].forEach((signal) => process.once(signal, resolve)));
    await server.close();
}
