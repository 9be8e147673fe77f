import * as z from "zod";
import { convert } from "../../keys/convert";
import { requiredExposureKeys } from "../../keys/exposure/schema";
import { opt } from "../../keys/opt";
import { alpa } from "../../keys/alpa";
import { openai } from "../../keys/openai";
import { intraKeys } from "../intra/schema";

/** Keys of option intra-a, without the project's prefix. The reference of keys is generated from this schema. */
export const intraASchema = z.strictObject({
    option: z.literal("intra-a").meta({
        description: "The option of this stack. `intra-a` is a gateway on the nodes that run Alpa.",
        examples: ["intra-a"],
    }),
    ...intraKeys,
    alpa: alpa.optional().meta({ unset: "the server is `openai`" }),
    openai,
    opt: opt.optional().meta({
        description:
            "Alpa as a component of the cluster, for a conversion to `intra-b`. With `intra-a` a run only checks these keys.",
        unset: "no conversion is planned",
    }),
    convert: convert.optional().meta({
        description:
            "Conversion to `intra-b`. With `intra-a` no conversion is in progress, and a run only checks these keys.",
        unset: "no conversion is planned",
    }),
});

/** The schema of a stack with exposure tunnel, which requires more keys. */
export const exposedIntraASchema = intraASchema.extend(requiredExposureKeys);

export type ParsedIntraA = z.infer<typeof intraASchema>;
