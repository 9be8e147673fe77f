import * as z from "zod";
import { edgeKeys } from "../edge/schema";
import { graceSeconds } from "../tunnel";
import { got } from "../../problems";
import { positive } from "../../values";
import { imageDigest, imageRepository, imageTag } from "../images";

const { account, hostname, certificate, zone, browserChecks, proxyTimeoutSeconds } = edgeKeys;

/** Cloudflare's limit of connectors per tunnel, minus the additional one during a rollout. */
const MOST_CONNECTORS = 24;

const zoneInPlace = zone.pick({ name: true, plan: true }).describe("The DNS zone at Cloudflare. It must exist.");

const tunnel = z
    .strictObject({
        image: z
            .strictObject({
                repository: imageRepository.default("cloudflare/cloudflared").meta({
                    description:
                        "Image of `cloudflared`, without the tag. For an image in a mirror, begin with the host of the mirror.",
                    reason: "The image that the cloudflared project publishes.",
                }),
                tag: imageTag.meta({
                    description: "Tag of the image: the version of `cloudflared`.",
                    examples: ["2026.8.2"],
                }),
                digest: imageDigest,
            })
            .describe("The image of the connectors."),
        connectors: positive("a number of connectors")
            .refine((n) => n <= MOST_CONNECTORS, {
                error: (i) =>
                    `must be at most ${MOST_CONNECTORS}: Cloudflare allows 25 connectors, and an upgrade needs one more for a short time${got(i.input)}. Lower it`,
            })
            .default(2)
            .meta({
                description: "Number of connectors, each in its own pod, on different nodes if possible.",
                reason: "One connector serves while the other is upgraded.",
            }),
        graceSeconds,
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
    certificate,
    zone: zoneInPlace.optional().meta(NEEDED),
    tunnel: tunnel.optional().meta(NEEDED),
    browserChecks,
    proxyTimeoutSeconds,
};

/** The keys that exposure: tunnel requires. */
export const requiredExposureKeys = { account, hostname, zone: zoneInPlace, tunnel };
