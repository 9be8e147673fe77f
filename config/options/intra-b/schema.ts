import * as z from "zod";
import { requiredExposureKeys } from "../../keys/exposure/schema";
import { intraSchema } from "../intra-a/schema";
import { convert } from "../../keys/convert";
import { opt } from "../../keys/opt";

const { option: _, ...shared } = intraSchema.shape;

/** Keys of option intra-b, without the project's prefix: those of intra-a, and what this file adds. */
export const intraBSchema = z.strictObject({
    option: z
        .literal("intra-b")
        .describe("Which of the designs this stack is: `intra-b`, the gateway and Alpa itself in the cluster."),
    ...shared,
    opt: opt.describe("What Alpa is as a component of the cluster."),
    convert: convert.describe("How far the conversion is, and its way back."),
});

/** The same behind Cloudflare. */
export const exposedIntraBSchema = intraBSchema.extend(requiredExposureKeys);

export type ParsedIntraB = z.infer<typeof intraBSchema>;
