import * as z from "zod";
import { alpa } from "../../keys/alpa";
import { convert } from "../../keys/convert";
import { requiredExposureKeys } from "../../keys/exposure/schema";
import { gateway } from "../../keys/gateway";
import { opt } from "../../keys/opt";
import { gatewayOptionKeys } from "../gateway/schema";

/** Keys of option intra-a, without the project's prefix. `docs/configuration.md` is compared with this. */
export const intraASchema = z.strictObject({
    option: z
        .literal("intra-a")
        .describe("Which of the designs this stack is: `intra-a`, a gateway on the nodes of Alpa."),
    alpa,
    gateway,
    ...gatewayOptionKeys,
    opt: opt.optional().describe("Settings of Alpa for option `intra-b`. Option `intra-a` only validates them."),
    convert: convert
        .optional()
        .describe("How far the conversion to option `intra-b` is: here it has not begun, and nothing is made of it."),
});

/** The same behind Cloudflare. */
export const exposedIntraASchema = intraASchema.extend(requiredExposureKeys);

export type ParsedIntraA = z.infer<typeof intraASchema>;
