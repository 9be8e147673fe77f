import * as z from "zod";
import { alpa } from "../../keys/alpa";
import { convert } from "../../keys/convert";
import { gateway } from "../../keys/gateway";
import { gatewayOptionKeys } from "../../keys/gateway-option";
import { openai, type ParsedOpenai } from "../../keys/openai";
import { opt } from "../../keys/opt";

/** Common keys of options intra-a and intra-b. */
const intraKeys = { alpa, gateway, ...gatewayOptionKeys };

/** Keys of option intra-a, without the project's prefix. */
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

/** Keys of option intra-b, without the project's prefix. */
export const intraBSchema = z.strictObject({
    option: z.literal("intra-b").meta({
        description: "The option of this stack. `intra-b` runs the gateway and Alpa itself in the cluster.",
        examples: ["intra-b"],
    }),
    ...intraKeys,
    opt,
    convert,
});

export type ParsedIntraA = z.infer<typeof intraASchema>;
export type ParsedIntraB = z.infer<typeof intraBSchema>;

/** Parsed keys of options intra-a and intra-b. Both may have the keys of a conversion. */
export type ParsedIntra = Omit<ParsedIntraB, "option" | "alpa" | "opt" | "convert"> &
    Partial<Pick<ParsedIntraB, "alpa" | "opt" | "convert">> & { option: "intra-a" | "intra-b"; openai?: ParsedOpenai };
