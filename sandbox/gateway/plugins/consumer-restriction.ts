import { bytes } from "../http/headers";
import { definePlugin } from "./define";

interface RestrictionConf {
    type: "consumer_name" | "service_id" | "route_id" | "consumer_group_id";
    whitelist?: string[];
    blacklist?: string[];
    allowed_by_methods?: { user: string; methods: string[] }[];
    rejected_code: number;
    rejected_msg?: string;
}

const list = { type: "array", minItems: 1, items: { type: "string" } };

export const consumerRestriction = definePlugin<RestrictionConf>({
    name: "consumer-restriction",
    priority: 2400,
    schema: {
        type: "object",
        properties: {
            type: {
                type: "string",
                enum: ["consumer_name", "service_id", "route_id", "consumer_group_id"],
                default: "consumer_name",
            },
            blacklist: list,
            whitelist: list,
            allowed_by_methods: {
                type: "array",
                items: {
                    type: "object",
                    properties: {
                        user: { type: "string" },
                        methods: {
                            type: "array",
                            minItems: 1,
                            items: {
                                type: "string",
                                enum: [
                                    ...["GET", "POST", "PUT", "DELETE", "PATCH", "HEAD"],
                                    ...["OPTIONS", "CONNECT", "TRACE", "PURGE"],
                                ],
                            },
                        },
                    },
                },
            },
            rejected_code: { type: "integer", minimum: 200, default: 403 },
            rejected_msg: { type: "string" },
        },
        anyOf: [{ required: ["blacklist"] }, { required: ["whitelist"] }, { required: ["allowed_by_methods"] }],
    },
    create: (conf) => ({
        access(ctx) {
            const value = ctx.lookup(conf.type);
            if (value === undefined) {
                const message = `The request is rejected, please check the ${conf.type} for this request`;
                return { code: 401, body: { message } };
            }
            const named = (names: string[]) => names.some((n) => bytes(n) === value);
            const refusal = {
                code: conf.rejected_code,
                body: { message: conf.rejected_msg ?? `The ${conf.type} is forbidden.` },
            };
            if (conf.blacklist && named(conf.blacklist)) return refusal;
            // APISIX does not check allowed_by_methods for a consumer in the whitelist.
            if (conf.whitelist && named(conf.whitelist)) return undefined;
            if (conf.whitelist) return refusal;
            // A consumer that allowed_by_methods does not list may use every method.
            const rule = conf.allowed_by_methods?.find((r) => bytes(r.user) === value);
            return rule && !rule.methods.includes(ctx.method) ? refusal : undefined;
        },
    }),
});
