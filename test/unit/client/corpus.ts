/** Reads the cases of client/corpus, as client/python/tests/corpus.py does. client/corpus/README.md says what they mean. */
import { strict as assert } from "node:assert";
import { createHmac, generateKeyPairSync } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { ApiKey, Jwt, ServiceToken, type Credential } from "../../../client/typescript/src/index";

const CORPUS = join(__dirname, "../../../client/corpus");
export type Fields = Record<string, any>;
/** @param shared fields of the file that apply to all its cases */
export type Runner = (fields: Fields, shared: Fields) => Promise<void>;

const read = (name: string): Fields => JSON.parse(readFileSync(join(CORPUS, name), "utf8"));
export const VALUES = read("values.json");

/**
 * Defines a test for each case. Fails for a file of an unknown kind, and for a field of a case that its runner does not
 * read.
 */
export function runCorpus(folder: string, runners: Record<string, Runner | undefined>): void {
    for (const file of readdirSync(join(CORPUS, folder)).filter((name) => /^(?!values).*\.json$/.test(name)))
        describe(`client/corpus/${folder}${file} in TypeScript:`, () => {
            const { kind, all = {}, cases, about, ...shared } = read(folder + file);
            it("names its subject, and has a runner", () => assert.ok(about && kind in runners, `kind ${kind}`));
            // The machine lacks a program that this runner requires.
            if (kind in runners && runners[kind] === undefined) return;
            for (const fields of cases.map((one: Fields) => merged(all, one)).flatMap(each))
                it(fields.name, async () => {
                    const unread = new Set(Object.keys(fields));
                    const get = (of: Fields, name: string) => (unread.delete(name), of[name]);
                    await runners[kind]!(new Proxy(fields, { get }), shared);
                    unread.delete("name");
                    assert.deepEqual([...unread], [], "fields that the runner does not read");
                });
        });
}

function merged(all: Fields, one: Fields): Fields {
    const env = one.env === undefined ? {} : { env: { ...all.env, ...one.env } };
    return { ...all, ...one, ...env };
}

/** Returns a copy of the case for each value of its field `each`. */
function each({ each: values, ...fields }: Fields): Fields[] {
    if (values === undefined) return [fields];
    return values.map((value: unknown) => {
        const one = replaced(fields, (text) => (text === "{each}" ? value : text.replaceAll("{each}", String(value))));
        return { ...one, name: `${fields.name}: ${JSON.stringify(value)}` };
    });
}

function replaced(value: any, change: (text: string) => unknown): any {
    if (typeof value === "string") return change(value);
    if (Array.isArray(value)) return value.map((one) => replaced(one, change));
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([name, one]) => [change(name), replaced(one, change)]));
}

/** Replaces names in braces by their values. @param names in addition to those of values.json */
export function fill(value: any, names: Fields = {}): any {
    const valueOf = (name: string) => {
        const [, letters] = /^(\d+) letters$/.exec(name) ?? [];
        if (letters !== undefined) return "a".repeat(Number(letters));
        const found = name.split(".").reduce<any>((of, part) => of?.[part], { ...VALUES, ...PEM, ...names });
        assert.ok(found !== undefined, `no value has the name {${name}}`);
        return found;
    };
    const textOf = (found: unknown) => (typeof found === "object" ? JSON.stringify(found) : String(found));
    return replaced(value, (text) => {
        const [, whole] = /^\{(\w[\w. ]*)\}$/.exec(text) ?? [];
        if (whole !== undefined) return valueOf(whole);
        return text.replace(/\{(\w[\w. ]*)\}/g, (_, name: string) => textOf(valueOf(name)));
    });
}

const pkcs8 = { type: "pkcs8", format: "pem" } as const;
const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 });
const ec = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey;
const RS256 = rsa.privateKey.export(pkcs8).toString();
const PEM = {
    RS256,
    ES256: ec.export(pkcs8).toString(),
    EdDSA: generateKeyPairSync("ed25519").privateKey.export(pkcs8).toString(),
    "RS256 public": rsa.publicKey.export({ type: "spki", format: "pem" }).toString(),
    "RS256 truncated": RS256.slice(0, 300),
    "ES256 encrypted": ec.export({ ...pkcs8, cipher: "aes-256-cbc", passphrase: "p" }).toString(),
};

/**
 * @param spec name of a credential in `named`, or an object with the class of a credential and its arguments
 * @param named credentials by name
 */
export function credentialOf(
    spec: any,
    names: Fields = {},
    named: Fields = VALUES.credentials,
): Credential | undefined {
    if (typeof spec === "string") {
        assert.ok(spec in named, `${spec} is no credential`);
        return credentialOf(named[spec], names);
    }
    if (typeof spec !== "object" || spec === null) return spec ?? undefined;
    const [[kind, given]] = Object.entries<any>(fill(spec, names));
    if (kind === "ApiKey") return new ApiKey(given);
    if (kind === "ServiceToken") return new ServiceToken(given);
    assert.equal(kind, "Jwt");
    return new Jwt("token" in given ? { ...given, token: tokenOf(given.token) } : given);
}

/** @param token a token, or the algorithm, claims, lifetime in seconds and HS256 secret to create one */
function tokenOf(token: any): string {
    if (typeof token === "string") return token;
    const { alg, claims, lasts, secret = "" } = token;
    const end = lasts === undefined ? {} : { exp: Math.floor(Date.now() / 1000) + lasts };
    const parts = [
        { alg, typ: "JWT" },
        { ...claims, ...end },
    ];
    const signed = parts.map((part) => Buffer.from(JSON.stringify(part)).toString("base64url")).join(".");
    return `${signed}.${createHmac("sha256", secret).update(signed).digest("base64url")}`;
}
for (const name of Object.keys(VALUES.tokens)) VALUES.tokens[name] = tokenOf(VALUES.tokens[name]);

/** The expected text of the TypeScript client. `text` is an object if the two clients have different texts. */
export const here = (text: any) => (typeof text === "object" && text !== null ? text.typescript : text);

export const claimsOf = (authorization: string): Fields =>
    JSON.parse(Buffer.from(authorization.split(".")[1], "base64url").toString());
