/** Values for the recordings' placeholders: generated keys and tokens, and bodies too long to store. */
import { createHmac, createSign, generateKeyPairSync } from "node:crypto";
import type { Json, RecordedRequest, Recordings } from "./recording-types";

function makeKeys(): Record<string, string> {
    const keys: Record<string, string> = {};
    for (const name of ["rsa1", "rsa2", "ec1"]) {
        const pair =
            name === "ec1"
                ? generateKeyPairSync("ec", { namedCurve: "P-256" })
                : generateKeyPairSync("rsa", { modulusLength: 2048 });
        keys[`${name}.private`] = pair.privateKey.export({ type: "pkcs8", format: "pem" }) as string;
        keys[`${name}.public`] = pair.publicKey.export({ type: "spki", format: "pem" }) as string;
    }
    return keys;
}

export class Placeholders {
    private readonly keys = makeKeys();
    private readonly minted = new Map<string, string>();

    constructor(private readonly tokens: Recordings["tokens"]) {}

    fill(text: string): string {
        return text
            .replace(/\{\{jwt:([^}]+)\}\}/g, (_, name: string) => this.token(name))
            .replace(/\{\{key:([^}]+)\}\}/g, (_, name: string) => this.keys[name])
            .replace(/^@repeat:(.):(\d+)$/, (_, ch: string, n: string) => ch.repeat(Number(n)));
    }

    body(request: RecordedRequest): Buffer | undefined {
        if (request.bodyBase64 !== undefined) return Buffer.from(request.bodyBase64, "base64");
        const text = request.body;
        if (text === undefined || text === null) return undefined;
        if (text === "@10mb") return Buffer.from(`{"model":"default","prompt":"${"x".repeat(10_485_760)}"}`);
        const deep = /^@deep:(\d+)$/.exec(text);
        if (!deep) return Buffer.from(this.fill(text));
        const depth = Number(deep[1]);
        return Buffer.from(`{"model":"default","prompt":"hi","x":${"[".repeat(depth)}${"]".repeat(depth)}}`);
    }

    private token(name: string): string {
        let token = this.minted.get(name);
        if (!token) this.minted.set(name, (token = this.mint(name)));
        return token;
    }

    private mint(name: string): string {
        const { header, claims, sign, tamper } = this.tokens[name];
        const now = Math.floor(Date.now() / 1000);
        const times = Object.fromEntries(
            Object.entries(claims).map(([k, v]) => {
                const match = typeof v === "string" ? /^\$now([+-]\d+)$/.exec(v) : null;
                return [k, match ? now + Number(match[1]) : v];
            }),
        );
        const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
        const signed = `${part(header)}.${part(times)}`;
        const shown = tamper ? `${part(header)}.${part({ ...times, ...tamper })}` : signed;
        return `${shown}.${this.signature(signed, sign)}`;
    }

    private signature(signed: string, sign: Json): string {
        const algorithm = String(sign.alg);
        if (algorithm === "none") return "";
        if (algorithm === "raw") return String(sign.signature);
        const key = sign.keyRef === undefined ? String(sign.secret) : this.keys[String(sign.keyRef)];
        const hash = `sha${algorithm.slice(2)}`;
        if (algorithm.startsWith("HS")) return createHmac(hash, key).update(signed).digest("base64url");
        const options = algorithm.startsWith("ES") ? { key, dsaEncoding: "ieee-p1363" as const } : key;
        return createSign(hash).update(signed).sign(options).toString("base64url");
    }
}
