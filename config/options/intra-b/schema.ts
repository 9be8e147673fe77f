import * as z from "zod";
import { alpa } from "../../keys/alpa";
import { gateway } from "../../keys/gateway";
import { gatewayOptionKeys } from "../gateway/schema";
import { requiredExposureKeys } from "../../keys/exposure/schema";
import { convert } from "../../keys/convert";
import { opt } from "../../keys/opt";

/** Keys of option intra-b, without the project's prefix: as docs/configuration.md has them. */
export const intraBSchema = z.strictObject({
    option: z
        .literal("intra-b")
        .describe("Which of the designs this stack is: `intra-b`, the gateway and Alpa itself in the cluster."),
    alpa,
    gateway,
    ...gatewayOptionKeys,
    opt: opt.describe("What Alpa is as a component of the cluster."),
    convert: convert.describe("How far the conversion is, and its way back."),
});

/** The same behind Cloudflare. */
export const exposedIntraBSchema = intraBSchema.extend(requiredExposureKeys);

export type ParsedIntraB = z.infer<typeof intraBSchema>;
