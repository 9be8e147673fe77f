import type * as z from "zod";
import { alpa } from "../../keys/alpa";
import type { ParsedConvert } from "../../keys/convert";
import { gateway } from "../../keys/gateway";
import type { ParsedOpenai } from "../../keys/openai";
import type { ParsedOpt } from "../../keys/opt";
import { gatewayOptionKeys } from "../../keys/gateway-option";

/** Common keys of options intra-a and intra-b. */
export const intraKeys = { alpa, gateway, ...gatewayOptionKeys };

/** Parsed keys of options intra-a and intra-b. Both may have the keys of a conversion. */
export type ParsedIntra = Omit<z.infer<z.ZodObject<typeof intraKeys>>, "alpa"> & {
    alpa?: z.infer<typeof alpa>;
    openai?: ParsedOpenai;
    option: "intra-a" | "intra-b";
    opt?: ParsedOpt;
    convert?: ParsedConvert;
};
