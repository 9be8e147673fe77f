import * as z from "zod";
import { cloudflareSchema } from "../../options/cloudflare/schema";
import { graceSeconds } from "../tunnel";
import { got } from "../../problems";
import { dnsLabel, positive } from "../../values";
import { imageDigest, imageRepository, imageTag } from "../images";

const { account, hostname, certificate, zone, alpa, browserChecks, proxyTimeoutSeconds } = cloudflareSchema.shape;

/** Cloudflare's limit of connectors per tunnel, less the additional one during a rollout. */
const MOST_CONNECTORS = 24;

const zoneInPlace = zone.pick({ name: true, plan: true }).describe("The DNS zone at Cloudflare, which is there.");

const tunnel = z
    .strictObject({
        image: z
            .strictObject({
                repository: imageRepository
                    .default("cloudflare/cloudflared")
                    .describe("Image of `cloudflared`, with its registry where that is a mirror."),
                tag: imageTag.describe("Tag of the image, which is the version of `cloudflared`, as `2026.8.2`."),
                digest: imageDigest,
            })
            .describe("The image of the connectors."),
        connectors: positive("a number of connectors")
            .refine((n) => n <= MOST_CONNECTORS, {
                error: (i) =>
                    `must be at most ${MOST_CONNECTORS}: a tunnel takes 25 connectors, and a change needs one more for a while${got(i.input)}. Lower it`,
            })
            .default(2)
            .describe("Connectors, each in a pod of its own, on different nodes where there are several."),
        graceSeconds,
    })
    .describe("The connectors (`cloudflared`) that carry requests from Cloudflare to the gateway, as pods.");

/** Keys of `alpa` that only matter behind Cloudflare. */
export const answerKeys = { tokensPerSecond: alpa.shape.tokensPerSecond, maxTokens: alpa.shape.maxTokens };

/** Key `gateway.existing.service`. */
export const existingService = z
    .strictObject({
        name: dnsLabel.describe("Name of the Service of APISIX's data port."),
        namespace: dnsLabel.describe("Namespace of the Service and its pods."),
        port: positive("a port").default(80).describe("Port of the Service."),
        podPort: positive("a port").default(9080).describe("Port of the pods behind it."),
    })
    .describe("Where the connectors find that gateway, with exposure `tunnel`.");

/** Keys of exposure tunnel other than those in mappings. All are optional, and not allowed with another exposure. */
export const exposureKeys = {
    account: account.optional(),
    hostname: hostname.optional(),
    certificate,
    zone: zoneInPlace.optional(),
    tunnel: tunnel.optional(),
    browserChecks,
    proxyTimeoutSeconds,
};

/** The same, where they are needed. */
export const requiredExposureKeys = { account, hostname, zone: zoneInPlace, tunnel };
