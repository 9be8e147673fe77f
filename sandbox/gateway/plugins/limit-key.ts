import { confVersion } from "../counters";
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

/**
 * Names the counters of one plugin's configuration: after its object and its text, so that an edit starts them anew and
 * an equal rewrite keeps them. APISIX marks what a consumer brings to a route that has not got the plugin, the mark is
 * part of the text, and text and mark are looked at once, with the first request after the object was written: with a
 * route that has got the plugin meanwhile, the next rewrite of the consumer, or a start, begins anew (plugin.lua,
 * merge_consumer_route and conf_version). As in one worker; others look with their own first request.
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

/** How all three limit plugins refuse. */
export const rejectionSchema = {
    rejected_code: { type: "integer", minimum: 200, maximum: 599, default: 503 },
    rejected_msg: { type: "string", minLength: 1 },
};
