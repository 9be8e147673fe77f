import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type { Context } from "../../request/context";
import { Unsupported } from "../../unsupported";
import { definePlugin } from "../define";
import { countersName, limitKey, rejection, rejectionSchema, type LimitConf } from "./key";
import { checkPolicy, policyBranch, policySchema, unlessFailed, type PolicyConf } from "./policy";

interface LimitConnConf extends LimitConf, PolicyConf {
    conn: number | string;
    burst: number | string;
    /** Delay of a request in the burst, in seconds. */
    default_conn_delay: number;
    /** Seconds after which Redis frees a slot, even if the gateway that took it has crashed. */
    key_ttl: number;
    rules?: unknown[];
}

const amount = (minimum: object) => ({ oneOf: [{ type: "integer", ...minimum }, { type: "string" }] });

/** limit-conn limits the number of requests in progress per key. They are counted in this process or in a shared Redis. */
export const limitConn = definePlugin<LimitConnConf>({
    name: "limit-conn",
    priority: 1003,
    schema: {
        type: "object",
        properties: {
            conn: amount({ exclusiveMinimum: 0 }),
            burst: amount({ minimum: 0 }),
            default_conn_delay: { type: "number", exclusiveMinimum: 0 },
            only_use_default_delay: { type: "boolean", default: false },
            key: { type: "string" },
            key_type: { type: "string", enum: ["var", "var_combination"], default: "var" },
            rules: { type: "array", minItems: 1 },
            ...rejectionSchema,
            ...policySchema,
        },
        oneOf: [
            { required: ["conn", "burst", "default_conn_delay", "key"] },
            { required: ["default_conn_delay", "rules"] },
        ],
        ...policyBranch({ key_ttl: { type: "integer", default: 3600 } }),
    },
    encryptFields: ["redis_password"],
    check: (conf) => {
        checkPolicy("limit-conn", conf);
        if (conf.rules) throw new Unsupported("limit-conn rules");
        if (conf.policy === "redis" && conf.key_ttl < 1) throw new Unsupported(`limit-conn key_ttl ${conf.key_ttl}`);
        return undefined;
    },
    create: (conf, parentKey, tools) => {
        const name = countersName("limit-conn", parentKey, conf);
        const note = {};

        const enterHere = (key: string, max: number) => {
            const open = tools.counters.add(key, 1, 0);
            if (open > max) tools.counters.add(key, -1, 0);
            return { entered: open <= max, open };
        };
        const leave = ({ key, request }: Place): void => {
            if (conf.policy !== "redis") tools.counters.add(key, -1, 0);
            // not awaited: if the call fails, Redis frees the slot after key_ttl
            else void unlessFailed("limit-conn", tools, tools.shared.leave(conf, key, request));
        };

        return {
            async access(ctx) {
                const failed = conf.allow_degradation ? undefined : { code: 500 };
                const [max, burst] = [conf.conn, conf.burst].map((value) => amountOf(ctx, value));
                if (max === undefined || burst === undefined) return failed;
                const key = `limit_conn:${name(ctx)}:${limitKey(ctx, conf.key, conf.key_type)}`;
                const request = randomUUID();
                const tried = await unlessFailed(
                    "limit-conn",
                    tools,
                    conf.policy === "redis"
                        ? tools.shared.enter(conf, key, request, max + burst, conf.key_ttl)
                        : enterHere(key, max + burst),
                );
                if (!tried) return failed;
                const { entered, open } = tried.value;
                if (!entered) return rejection(conf);
                ctx.notes.set(note, { key, request } satisfies Place);
                // the request's latency does not change later delays, because APISIX 3.18 creates a limiter for each request
                if (open > max) await sleep(Math.floor((open - 1) / max) * conf.default_conn_delay * 1000);
                return undefined;
            },
            log(ctx) {
                const place = ctx.notes.get(note) as Place | undefined;
                if (place) leave(place);
            },
        };
    },
});

interface Place {
    key: string;
    request: string;
}

/** Resolves a limit, which can contain variables. Undefined if the result is not a number. */
function amountOf(ctx: Context, value: number | string): number | undefined {
    if (typeof value === "number") return value;
    const { text } = ctx.resolve(value);
    const number = text.trim() === "" ? NaN : Number(text);
    return Number.isNaN(number) ? undefined : number;
}
