/** Runs the cases of redaction in given texts, for arbitrary secrets, and in answers that repeat credentials. */
import { strict as assert } from "node:assert";
import { inspect } from "node:util";
import fc from "fast-check";
import { Client } from "../../../client/typescript/src/index";
import { without } from "../../../client/typescript/src/secrecy";
import { credentialOf, fill, VALUES, type Fields } from "./corpus";
import { outcome, sendAnswer, Server } from "./typescript-server";

const RUNS = { numRuns: 60, seed: 20261126 };
const NAMED: Record<string, string> = { "&": "amp", "<": "lt", ">": "gt", '"': "quot", "'": "apos" };
const each = (write: (code: number) => string) => (text: string) =>
    [...text].map((char) => write(char.charCodeAt(0))).join("");
const hex = (code: number) => code.toString(16).padStart(2, "0");

const STEPS: Record<string, (text: string) => string> = {
    json: (text) => JSON.stringify(text).slice(1, -1),
    quotes: (text) => text.replace(/[\\']/g, "\\$&"),
    "json codes": each((code) => `\\u00${hex(code)}`),
    "lower case": (text) => text.toLowerCase(),
    html: (text) => text.replace(/[&<>"']/g, (char) => `&${NAMED[char]};`),
    "html decimal": each((code) => `&#${code};`),
    "html hexadecimal": each((code) => `&#x${hex(code).toUpperCase()};`),
    percent: encodeURIComponent,
    plus: (text) => new URLSearchParams([["a", text]]).toString().slice(2),
    "percent codes": each((code) => `%${hex(code)}`),
    base64: (text) => Buffer.from(text).toString("base64"),
    base64url: (text) => Buffer.from(text).toString("base64url"),
    user: (text) => `u${text}@`,
};

/** Everything that a program may print about these values. */
export const shownOf = (...values: unknown[]) =>
    values
        .flatMap((value) => [
            inspect(value, { depth: 9, showHidden: true, getters: true }),
            JSON.stringify(value, Object.getOwnPropertyNames(value)),
            JSON.stringify(value),
            String(value),
            `${(value as Error).stack} ${inspect((value as Error).cause)}`,
        ])
        .join("\n");

export async function runRedaction({ steps }: Fields, { secrets, places }: Fields): Promise<void> {
    for (const step of steps) assert.ok(step in STEPS, `${step} is no step`);
    const write = (text: string): string => steps.reduce((inner: string, step: string) => STEPS[step](inner), text);
    const check = (secret: string) => {
        const left = without(`<${write(secret)}>`, [secret]);
        // In base64, the first and last characters of a secret depend on the text next to it. So up to 6 characters may
        // remain on each side.
        assert.match(left, /^<.{0,6}\*\*\*.{0,6}>$/, secret);
    };
    const visible = fc.integer({ min: 0x20, max: 0x7e }).map((code) => String.fromCharCode(code));
    fc.assert(fc.property(fc.string({ unit: visible, minLength: 12, maxLength: 60 }), check), RUNS);
    secrets.forEach(check);

    const server = await Server.start();
    try {
        for (const name of Object.keys(VALUES.credentials))
            for (const place of places) await checkAnswer(server, place, name, secrets[2].trim(), write);
    } finally {
        await server.close();
    }
}

const HEADERS = ["apikey", "authorization", "cf-access-client-secret"];

/** Asserts that an error does not show the credential, although the server's answer repeats it. */
async function checkAnswer(
    server: Server,
    place: Fields,
    name: string,
    secret: string,
    write: (text: string) => string,
) {
    const [kind] = Object.keys(VALUES.credentials[name]);
    const given = kind === "ApiKey" ? {} : VALUES.credentials[name][kind];
    const clientId = "id-of-the-caller.access";
    const more = {
        ...("secret" in given && { secret }),
        ...("clientSecret" in given && { clientId, clientSecret: secret }),
    };
    const auth = credentialOf({ [kind]: kind === "ApiKey" ? secret : { ...given, ...more } });
    let sent: string[] = [];
    server.respond = ({ headers }, { socket }) => {
        sent = HEADERS.flatMap((header) => headers[header] ?? []).map((value) => value.replace("Bearer ", ""));
        sendAnswer(socket!, fill(place, { said: [...sent, secret].map(write).join(" ; ") }));
    };
    const client = new Client({ url: server.url, auth, maxAttempts: 1 });
    const shown = `${shownOf(await outcome(client.completions("a")))}${inspect([client, auth])}`.toLowerCase();
    const pem = "privateKey" in given ? fill(given.privateKey).split("\n")[3] : secret;
    // Skips the single header, which is JSON of the two parts. Only the signature of a token is secret.
    const parts = sent.filter((one) => !one.startsWith("{")).map((one) => (kind === "Jwt" ? one.split(".")[2] : one));
    // The client does not know the secret of a finished token, so it cannot remove this secret.
    for (const one of [pem, ...parts, ...(name === "one header" ? [clientId] : [])])
        if (one !== secret || kind !== "Jwt" || "secret" in given)
            for (const form of [one, write(one).slice(3, -4)]) assert.ok(!shown.includes(form.toLowerCase()), shown);
}
