import * as z from "zod";
import { edgeKeys } from "../edge/schema";
import { image } from "../images";

const { account, hostname, zone, browserChecks, proxyTimeoutSeconds } = edgeKeys;

const zoneInPlace = zone.pick({ name: true, plan: true }).describe("The DNS zone at Cloudflare. It must exist.");

const tunnel = z
    .strictObject({
        image: image.meta({
            description: "Image of `cloudflared`: the one that its project publishes, or a mirror of it.",
            examples: ["cloudflare/cloudflared:2026.8.2"],
        }),
    })
    .meta({
        description: "The connectors (`cloudflared`) that forward requests from Cloudflare to the gateway, as pods.",
        mayBeSecret: true,
    });

const NEEDED = { unset: "not set; required with exposure `tunnel`" };

/** Top-level keys of exposure tunnel. They are optional in the schema. A check rejects them with exposure direct. */
export const exposureKeys = {
    account: account.optional().meta(NEEDED),
    hostname: hostname.optional().meta(NEEDED),
    zone: zoneInPlace.optional().meta(NEEDED),
    tunnel: tunnel.optional().meta(NEEDED),
    browserChecks,
    proxyTimeoutSeconds,
};

/** The keys that exposure: tunnel requires. */
export const requiredExposureKeys = { account, hostname, zone: zoneInPlace, tunnel };
