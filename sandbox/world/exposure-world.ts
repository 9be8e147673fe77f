/**
 * World of a cluster behind Cloudflare: an account with an active zone, and the edge to which the cluster's connectors connect.
 */
import { Account } from "../cloudflare/account";
import { startCloudflareApi, type CloudflareApi } from "../cloudflare/api/server";
import { startEdge, type Edge } from "../cloudflare/edge/server";
import { activeZone, newApiToken, ofEdge, ZONE } from "./cloudflare-world";
import { together } from "./together";
import { startWorld, type World, type WorldOptions } from "./world";

interface ExposureWorld {
    world: World;
    account: Account;
    api: CloudflareApi;
    edge: Edge;
    close(): Promise<void>;
}

/** Starts all parts of the world. If one fails, those that were started are ended. */
export async function startExposureWorld(options: Omit<WorldOptions, "cloudflare">): Promise<ExposureWorld> {
    const { stateDir, log = () => undefined } = options;
    return together(log, async (keep, close) => {
        log("Cloudflare account, API and edge");
        const token = newApiToken(stateDir);
        const account = new Account({ certificateSeconds: 0 });
        const api = keep(await startCloudflareApi({ port: 0, token, account, log }));
        await activeZone(account, api, token);
        const edge = keep(await startEdge({ port: 0, account, onAnswer: ofEdge(options), log }));
        const facts = {
            api: api.url,
            account: account.id,
            teamName: account.organization.name,
            zone: ZONE,
            edge: edge.url,
        };
        const cloudflare = { facts, edge };
        const world = keep(await startWorld({ ...options, cloudflare }));
        return { world, account, api, edge, close };
    });
}
