import type { Context } from "../context";
import type { Exit } from "../types";

export interface LimitConf {
    key: string;
    key_type: "var" | "var_combination" | "constant";
    rejected_code: number;
    rejected_msg?: string;
}

/** The value requests are counted by; without one (no consumer, no such header) the client's address. */
export function limitKey(ctx: Context, key: string, type: LimitConf["key_type"]): string {
    if (type === "constant") return key;
    if (type === "var_combination") {
        const { text, resolved } = ctx.resolve(key);
        return resolved > 0 ? text : ctx.remoteAddress;
    }
    return String(ctx.lookup(key) ?? ctx.remoteAddress);
}

export function rejection(conf: Pick<LimitConf, "rejected_code" | "rejected_msg">): Exit {
    const body = conf.rejected_msg === undefined ? undefined : { error_msg: conf.rejected_msg };
    return { code: conf.rejected_code, body };
}

/** How all three limit plugins refuse. */
export const rejectionSchema = {
    rejected_code: { type: "integer", minimum: 200, maximum: 599, default: 503 },
    rejected_msg: { type: "string", minLength: 1 },
};
