import { confVersion } from "../../counters/counters";
import type { Context } from "../../request/context";
import type { Exit } from "../../request/types";

export interface LimitConf {
    key: string;
    key_type: "var" | "var_combination" | "constant";
    rejected_code: number;
    rejected_msg?: string;
}

/** The value to count requests by. If it is empty (no consumer, no such header), it is the client's address. */
export function limitKey(ctx: Context, key: string, type: LimitConf["key_type"]): string {
    if (type === "constant") return key;
    if (type === "var_combination") {
        const { text, resolved } = ctx.resolve(key);
        return resolved > 0 ? text : ctx.remoteAddress;
    }
    return String(ctx.lookup(key) ?? ctx.remoteAddress);
}

/**
 * Names the counters of a plugin's configuration by its object and its text: an edit resets them, an equal rewrite keeps them.
 * APISIX marks a consumer's plugin on a route without that plugin. The mark is part of the text. Both are computed once, at the
 * first request after a write of the object: if the route gets the plugin later, the next rewrite of the consumer, or a
 * restart, resets the counters (plugin.lua, merge_consumer_route and conf_version). This is the behavior of one worker: each
 * worker computes them at its own first request.
 */
export function countersName(plugin: string, parentKey: string, conf: object): (ctx: Context) => string {
    const ofConsumer = /^\/consumers\/[^/#]+$/.test(parentKey);
    let name: string | undefined;
    return (ctx) => {
        const isMarked = ofConsumer && !ctx.route?.plugins.some((entry) => entry.name === plugin);
        return (name ??= `${parentKey}:${confVersion(isMarked ? { ...conf, _from_consumer: true } : conf)}`);
    };
}

export function rejection(conf: Pick<LimitConf, "rejected_code" | "rejected_msg">): Exit {
    const body = conf.rejected_msg === undefined ? undefined : { error_msg: conf.rejected_msg };
    return { code: conf.rejected_code, body };
}

/** The rejection of all three limit plugins. */
export const rejectionSchema = {
    rejected_code: { type: "integer", minimum: 200, maximum: 599, default: 503 },
    rejected_msg: { type: "string", minLength: 1 },
};
