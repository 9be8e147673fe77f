/** Stand-ins on their own, for recordings and other people's programs. */
import { startAlpa } from "../alpa/server";
import { Account, type Plan } from "../cloudflare/account";
import { startCloudflareApi } from "../cloudflare/api/server";
import { startGateway } from "../gateway/server";
import { startRedis } from "../redis/server";

export async function runGateway(options: { port: number; adminPort: number; adminKey: string }): Promise<void> {
    const gateway = await startGateway({ ...options, log: console.error });
    console.log(`APISIX stand-in: http://127.0.0.1:${gateway.port}, Admin API http://127.0.0.1:${gateway.adminPort}`);
    await closeOnSignal(gateway);
}

export async function runCloudflare(options: {
    port: number;
    token: string;
    account?: string;
    plan: Plan;
}): Promise<void> {
    const account = new Account({ id: options.account ?? "first", plan: options.plan });
    account.delegation = (zone) => account.zoneNamed(zone)?.name_servers ?? [];
    const api = await startCloudflareApi({ ...options, account, log: console.error });
    console.log(`Cloudflare API stand-in: CLOUDFLARE_BASE_URL=${api.url}`);
    await closeOnSignal(api);
}

export async function runAlpa(options: { port: number; seconds: number }): Promise<void> {
    const alpa = await startAlpa(options);
    console.log(`Alpa stand-in: http://127.0.0.1:${alpa.port}`);
    await closeOnSignal(alpa);
}

export async function runRedis(options: { port: number; password?: string }): Promise<void> {
    const redis = await startRedis(options);
    console.log(`Redis stand-in: redis://127.0.0.1:${redis.port}`);
    await closeOnSignal(redis);
}

/** Runs until Ctrl-C or a polite kill. */
async function closeOnSignal(server: { close(): Promise<void> }): Promise<void> {
    await new Promise<void>((resolve) => ["SIGINT", "SIGTERM"].forEach((signal) => process.once(signal, resolve)));
    await server.close();
}
