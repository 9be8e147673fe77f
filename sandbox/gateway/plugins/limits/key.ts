import { confVersion } from "../../counters/counters";
import type { Context } from "../../request/context";
import type { Exit } from "../../request/types";

export interface LimitConf {
    key: string;
    key_type: "var" | "var_combination" | "constant";
    rejected_code: number;
    rejected_msg?: string;
}

/**
 * Returns the value by which requests are counted: the value of `key`, or else the client's address, for example if the
 * request has no consumer.
 */
export function limitKey(ctx: Context, key: string, type: LimitConf["key_type"]): string {
    if (type === "constant") return key;
    if (type === "var_combination") {
        const { text, resolved } = ctx.resolve(key);
        return resolved > 0 ? text : ctx.remoteAddress;
    }
    return String(ctx.lookup(key) ?? ctx.remoteAddress);
}

/**
 * Names the counters of a plugin by the key of its object and the text of its configuration. The counters are therefore
 * reset if the configuration changes, and are kept if the same configuration is written again.
 *
 * If a consumer has a plugin that the route does not have, APISIX adds a mark to the plugin's configuration, and thus to the
 * name. The mark and the name are computed at the first request after a write of the object, and then kept. If the route
 * gets the plugin later, the counters are reset when the consumer is written again or the gateway restarts (plugin.lua,
 * merge_consumer_route and conf_version). This is the behavior of one worker: each worker computes the name at its own first
 * request.
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

/** Schema of the rejection, which is the same in all three limit plugins. */
export const rejectionSchema = {
    rejected_code: { type: "integer", minimum: 200, maximum: 599, default: 503 },
    rejected_msg: { type: "string", minLength: 1 },
};
