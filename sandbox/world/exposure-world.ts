/** A cluster with Cloudflare in front of it: an account with an active zone, and the edge that connectors in the cluster find. */
import { randomBytes } from "node:crypto";
import { Account } from "../cloudflare/account";
import { startCloudflareApi, type CloudflareApi } from "../cloudflare/api/server";
import { startEdge, type Edge } from "../cloudflare/edge/server";
import { activeZone, ofEdge, ZONE } from "./cloudflare-world";
import { apiTokenFile, writePrivate } from "./state";
import { startWorld, type World, type WorldOptions } from "./world";

export interface ExposureWorld {
    world: World;
    account: Account;
    api: CloudflareApi;
    edge: Edge;
    close(): Promise<void>;
}

/** Starts everything, and leaves nothing running when a part fails. */
export async function startExposureWorld(options: Omit<WorldOptions, "cloudflare">): Promise<ExposureWorld> {
    const { stateDir, log = () => undefined } = options;
    const started: { close(): Promise<void> }[] = [];
    const keep = <T extends { close(): Promise<void> }>(part: T): T => (started.push(part), part);
    const close = async () => {
        for (const part of started.reverse()) await part.close();
    };
    try {
        log("Cloudflare account, API and edge");
        const token = randomBytes(30).toString("base64url");
        writePrivate(apiTokenFile(stateDir), token);
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
    } catch (error) {
        await close().catch((closing: Error) => log(closing.message));
        throw error;
    }
}
