import { randomBytes, randomInt, randomUUID } from "node:crypto";
import { Unsupported } from "../unsupported";
import { definePlugin } from "./define";

interface RequestIdConf {
    header_name: string;
    include_in_response: boolean;
    algorithm: "uuid" | "nanoid" | "range_id" | "ksuid" | "uuidv7";
    range_id?: { length: number; char_set: string };
}

const ALPHANUMERIC = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

function pickFrom(characters: string, length: number): string {
    return Array.from({ length }, () => characters[randomInt(characters.length)]).join("");
}

/** Time-ordered UUID: 48 bits of milliseconds, version 7, the rest random. */
function uuidv7(): string {
    const raw = randomBytes(16);
    raw.writeUIntBE(Date.now(), 0, 6);
    raw[6] = (raw[6] & 0x0f) | 0x70;
    raw[8] = (raw[8] & 0x3f) | 0x80;
    return raw.toString("hex").replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}

function generate(conf: RequestIdConf): string {
    switch (conf.algorithm) {
        case "uuid":
            return randomUUID();
        case "uuidv7":
            return uuidv7();
        case "nanoid":
            return pickFrom(`${ALPHANUMERIC}_-`, 21);
        case "range_id":
            return pickFrom(conf.range_id?.char_set ?? ALPHANUMERIC, conf.range_id?.length ?? 16);
        case "ksuid":
            throw new Unsupported("request-id algorithm ksuid");
    }
}

/** request-id adds an id to each request and answer. An id from the client is kept. */
export const requestId = definePlugin<RequestIdConf>({
    name: "request-id",
    priority: 12015,
    schema: {
        type: "object",
        properties: {
            header_name: { type: "string", default: "X-Request-Id" },
            include_in_response: { type: "boolean", default: true },
            algorithm: {
                type: "string",
                enum: ["uuid", "nanoid", "range_id", "ksuid", "uuidv7"],
                default: "uuid",
            },
            range_id: {
                type: "object",
                properties: {
                    length: { type: "integer", minimum: 6, default: 16 },
                    char_set: { type: "string", minLength: 6, default: ALPHANUMERIC },
                },
                default: {},
            },
        },
    },
    check: (conf) => {
        if (conf.algorithm === "ksuid") throw new Unsupported("request-id algorithm ksuid");
        return undefined;
    },
    create: (conf) => {
        const note = {};
        return {
            rewrite(ctx) {
                const id = ctx.header(conf.header_name) ?? generate(conf);
                ctx.headers.set(conf.header_name, id);
                ctx.notes.set(note, id);
            },
            headerFilter(ctx) {
                const id = ctx.notes.get(note) as string | undefined;
                if (conf.include_in_response && id !== undefined && !ctx.response.has(conf.header_name))
                    ctx.response.set(conf.header_name, id);
            },
        };
    },
});
