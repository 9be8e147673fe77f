/**
 * Certificates of the gateway: the `ssl` objects that the Admin API accepts, and the choice of a certificate for a
 * handshake.
 * Facts: the source of APISIX 3.x (apisix/schema_def.lua, apisix/ssl.lua, apisix/ssl/router/radixtree_sni.lua); no answers
 * were recorded. As in APISIX, a write does not compare the key with the certificate, so a mismatch fails at the
 * handshake.
 */
import { createPrivateKey, X509Certificate } from "node:crypto";
import { createSecureContext, type SecureContext } from "node:tls";
import type { Configuration } from "./configuration";
import { encrypt, decrypt } from "./crypto";
import type { Schema } from "../schema/jsonschema";
import { Unsupported } from "../unsupported";
import { idSchema } from "../schema/objects";
import type { Conf } from "../request/types";

const pem = { type: "string", minLength: 128, maxLength: 64 * 1024 };
const sni = { type: "string", pattern: "^\\*?[0-9a-zA-Z-.]+$" };

export const sslSchema: Schema = {
    type: "object",
    properties: {
        create_time: { type: "integer" },
        update_time: { type: "integer" },
        id: idSchema,
        type: { type: "string", default: "server", enum: ["server", "client"] },
        cert: pem,
        key: pem,
        sni,
        snis: { type: "array", items: sni, minItems: 1 },
        certs: { type: "array", items: pem },
        keys: { type: "array", items: pem },
        client: { type: "object" },
        ssl_protocols: { type: "array", maxItems: 3, uniqueItems: true },
        status: { type: "integer", enum: [1, 0], default: 1 },
        labels: { type: "object" },
        desc: { type: "string", maxLength: 256 },
    },
    required: ["cert", "key"],
    additionalProperties: false,
};

/** Returns the error of an ssl object whose schema is valid, if the object is invalid for another reason. */
export function checkSsl(conf: Conf): string | undefined {
    for (const field of ["client", "certs", "keys", "ssl_protocols"])
        if (conf[field] !== undefined) throw new Unsupported(`ssl ${field}`);
    if (conf.type === "client") throw new Unsupported("ssl type client");
    if (conf.sni === undefined && conf.snis === undefined)
        return 'invalid configuration: object matches none of the required: ["sni"] or ["snis"]';
    try {
        new X509Certificate(String(conf.cert));
    } catch {
        return "failed to parse cert: PEM_read_bio_X509_AUX() failed";
    }
    try {
        createPrivateKey(plainKey(conf));
    } catch {
        return "failed to parse key: PEM_read_bio_PrivateKey() failed";
    }
    return undefined;
}

/** Copies an ssl object with its private key encrypted, as etcd and the Admin API's answers have it. */
export function sealedSsl(conf: Conf): Conf {
    const key = String(conf.key);
    return key.startsWith("---") ? { ...conf, key: encrypt(key) } : conf;
}

function plainKey({ key }: Conf): string {
    const text = String(key);
    return text.startsWith("---") ? text : decrypt(text);
}

/** Finds certificates by the server name of a handshake. */
export class Certificates {
    private readonly made = new Map<string, { index: number; context: SecureContext }>();

    constructor(private readonly config: Configuration) {}

    /** Returns undefined if no certificate matches; then the handshake fails. A wildcard matches one label. */
    find(serverName: string): SecureContext | undefined {
        const wanted = serverName.toLowerCase().replace(/\.$/, "");
        const oneUp = `*${wanted.replace(/^[^.]*/, "")}`;
        for (const name of [wanted, oneUp])
            for (const [key, { value, modifiedIndex }] of this.config.list("/ssls/")) {
                if (value.status === 0 || !namesOf(value).includes(name)) continue;
                const known = this.made.get(key);
                if (known?.index === modifiedIndex) return known.context;
                const context = createSecureContext({ cert: String(value.cert), key: plainKey(value) });
                this.made.set(key, { index: modifiedIndex, context });
                return context;
            }
        return undefined;
    }
}

function namesOf({ sni: one, snis }: Conf): string[] {
    return ((snis ?? [one]) as string[]).map((name) => name.toLowerCase().replace(/\.$/, ""));
}
