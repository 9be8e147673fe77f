import * as z from "zod";
import { requiredExposureKeys } from "../../keys/exposure/schema";
import { convert } from "../../keys/convert";
import { opt } from "../../keys/opt";
import { intraKeys } from "../intra/schema";

/** Keys of option intra-b, without the project's prefix. The reference of keys is generated from this schema. */
export const intraBSchema = z.strictObject({
    option: z.literal("intra-b").meta({
        description: "The option of this stack. `intra-b` runs the gateway and Alpa itself in the cluster.",
        examples: ["intra-b"],
    }),
    ...intraKeys,
    opt: opt.describe("Alpa as a component of the cluster."),
    convert: convert.describe(
        "The conversion of Alpa from bare metal to the cluster: its phase, and how to start Alpa on bare metal again.",
    ),
});

/** The schema of a stack with exposure tunnel, which requires more keys. */
export const exposedIntraBSchema = intraBSchema.extend(requiredExposureKeys);

export type ParsedIntraB = z.infer<typeof intraBSchema>;
