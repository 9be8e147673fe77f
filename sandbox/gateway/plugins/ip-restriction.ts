import { isIP } from "node:net";
import { matchesNetwork } from "../lua/expr";
import { ipSchemas } from "../schema/objects";
import { definePlugin } from "./define";

interface IpRestrictionConf {
    whitelist?: string[];
    blacklist?: string[];
    message: string;
    response_code: number;
}

const addresses = { type: "array", items: { anyOf: ipSchemas }, minItems: 1 };

function validAddress(text: string): boolean {
    const [base, prefix] = text.split("/");
    const family = isIP(base);
    return family > 0 && (prefix === undefined || Number(prefix) <= (family === 4 ? 32 : 128));
}

export const ipRestriction = definePlugin<IpRestrictionConf>({
    name: "ip-restriction",
    priority: 3000,
    schema: {
        type: "object",
        properties: {
            message: {
                type: "string",
                minLength: 1,
                maxLength: 1024,
                default: "Your IP address is not allowed",
            },
            response_code: { type: "integer", enum: [403, 404], default: 403 },
            whitelist: addresses,
            blacklist: addresses,
        },
        oneOf: [{ required: ["whitelist"] }, { required: ["blacklist"] }],
    },
    check: (conf) => {
        const wrong = [...(conf.whitelist ?? []), ...(conf.blacklist ?? [])].find((a) => !validAddress(a));
        return wrong === undefined ? undefined : `invalid ip address: ${wrong}`;
    },
    create: (conf) => ({
        access(ctx) {
            const blocked = conf.whitelist
                ? !matchesNetwork(ctx.remoteAddress, conf.whitelist)
                : matchesNetwork(ctx.remoteAddress, conf.blacklist ?? []);
            return blocked ? { code: conf.response_code, body: { message: conf.message } } : undefined;
        },
    }),
});
