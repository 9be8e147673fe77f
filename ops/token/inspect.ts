import { counted } from "../../config/problems";
import { createPublicKey } from "node:crypto";
import { compactVerify, decodeJwt, decodeProtectedHeader, errors, type JWTPayload } from "jose";
import { claimKey } from "../../components/consumers/consumers";
import { publicKeyProblem, type Algorithm } from "../../config/keys/consumers/credentials";
import { withExamples, withJson, withStack, type AddCommand } from "../arguments";
import type { Context } from "../context";
import { isOver } from "../dates";
import { FindingsError, UsageError } from "../errors";
import { json } from "../output";
import { gatewayOf } from "../stack/gateway";
import { callersOf, findStack, readOutputs, type Stack } from "../stack/stack";
import type { Credential } from "../stack/stack-file";

export const command: AddCommand = (token, context) =>
    withExamples(
        withJson(withStack(token.command("inspect"))),
        "token inspect < token.txt",
        "token inspect --verify --json < token.txt",
    )
        .description("Show the content of the token on standard input, and its caller")
        .option("--verify", "verify the signature too; exit with 3 unless the token is valid now")
        .action((args) => inspect(context, args));

interface InspectArgs {
    stack?: string;
    json?: boolean;
    verify?: boolean;
}

/** Prints the content of a token, its claimed owner, and whether the signature was verified. */
async function inspect(context: Context, args: InspectArgs): Promise<void> {
    const stack = await findStack(context, args.stack);
    const token = (await context.stdin()).trim().replace(/^(Authorization: *)?(Bearer +)?/i, "");
    const { header, claims } = decode(token);
    const { namespace } = gatewayOf(stack);
    const owner = ownerOf(stack, namespace, claims.key);
    const found = {
        header,
        claims,
        expiry: expiryInWords(claims, context.today),
        key: keyInWords(owner, claims.key, header.alg, context.today),
        signature: args.verify ? await verify(context, stack, token, owner) : "not checked. Add --verify",
    };
    context.out(
        args.json
            ? json(found)
            : [
                  `header     ${JSON.stringify(header)}`,
                  `claims     ${JSON.stringify(claims)}`,
                  `expiry     ${found.expiry}`,
                  `key        ${found.key}`,
                  `signature  ${found.signature}`,
              ].join("\n"),
    );
    const findings = args.verify ? findingsOf(found.signature, claims, owner, context.today) : [];
    if (findings.length > 0) throw new FindingsError(`token: not valid (${findings.join("; ")}). Issue another one.`);
}

const GOOD = "good";

/** Reasons why the token is not valid now. */
function findingsOf(signature: string, claims: JWTPayload, owner: Owner | undefined, now: Date): string[] {
    const expires = owner?.credential.expires;
    return [
        ...(signature === GOOD ? [] : [`signature ${signature}`]),
        ...(isCurrent(claims, now) ? [] : [`expiry ${expiryInWords(claims, now)}`]),
        ...(isEarly(claims, now) ? [`not valid before ${iso(claims.nbf!)}, although the gateway ignores nbf`] : []),
        ...(isOver(expires, now) ? [`its credential ${owner!.who} expired on ${expires}`] : []),
    ];
}

/** Whether the token has a claim `exp` in the future, which the gateway requires. */
function isCurrent({ exp }: JWTPayload, now: Date): boolean {
    return typeof exp === "number" && exp > Math.floor(now.getTime() / 1000);
}

function isEarly({ nbf }: JWTPayload, now: Date): boolean {
    return typeof nbf === "number" && nbf * 1000 > now.getTime();
}

interface Owner {
    who: string;
    credential: Credential;
}

function decode(token: string) {
    try {
        return { header: decodeProtectedHeader(token), claims: decodeJwt(token) };
    } catch {
        // Text that is not a token could be any secret, so it is not quoted.
        throw new UsageError([
            "token: must be a JWT on standard input: three parts with dots between them. Pipe the token in.",
        ]);
    }
}

function ownerOf(stack: Stack, namespace: string, key: unknown): Owner | undefined {
    return callersOf(stack)
        .flatMap(({ name, credentials }) =>
            credentials.map((credential) => ({ name, credential, who: `${name}/${credential.id}` })),
        )
        .find(({ name, credential }) => claimKey(namespace, name, credential.id) === key);
}

function expiryInWords(claims: JWTPayload, now: Date): string {
    const { exp, nbf } = claims;
    const ignored = isEarly(claims, now) ? `; nbf ${iso(nbf!)}: the gateway ignores it` : "";
    const why = exp === undefined ? "it has no claim exp" : "its claim exp is not a number";
    if (typeof exp !== "number") return `none: ${why}, so the gateway rejects it${ignored}`;
    const seconds = exp - Math.floor(now.getTime() / 1000);
    const span = inUnits(Math.abs(seconds));
    return isCurrent(claims, now) ? `in ${span}, at ${iso(exp)}${ignored}` : `expired ${span} ago, at ${iso(exp)}`;
}

function keyInWords(owner: Owner | undefined, key: unknown, alg: string | undefined, today: Date): string {
    if (key === undefined) return "missing: the gateway rejects a token without the claim key";
    if (!owner) return "not of a credential of this stack";
    const { method, algorithm, expires } = owner.credential;
    if (method !== "jwt") return `of ${owner.who}, which has method ${method} and accepts no token`;
    if (algorithm !== alg)
        return `of ${owner.who}, whose algorithm is ${algorithm}, not ${alg}: the gateway rejects it`;
    return `of ${owner.who}${isOver(expires, today) ? `, which expired on ${expires}` : ""}`;
}

/** Verifies with the key and the algorithm that the stack has for the credential, and no other. */
async function verify(context: Context, stack: Stack, token: string, owner: Owner | undefined): Promise<string> {
    const { algorithm, publicKey } = owner?.credential ?? {};
    if (!owner || algorithm === undefined) return "not checked: the claim key names no jwt credential of this stack";
    const secret = algorithm === "HS256" ? (await readOutputs(context, stack)).jwtSecrets[owner.who] : undefined;
    if (secret === undefined && publicKey === undefined)
        return "not checked: the stack's outputs have no secret for this credential yet";
    const wrong = secret === undefined ? publicKeyProblem(publicKey!, algorithm as Algorithm) : undefined;
    if (wrong !== undefined) return `not checked: publicKey of ${owner.who} ${wrong}`;
    const key = secret === undefined ? createPublicKey(publicKey!) : new TextEncoder().encode(secret);
    try {
        await compactVerify(token, key, { algorithms: [algorithm] });
        return GOOD;
    } catch (error) {
        if (error instanceof errors.JOSEError) return `BAD: ${error.message}`;
        throw error;
    }
}

/** ISO 8601 of a time. A number outside of the calendar's range is shown unchanged, since a token may contain any number. */
function iso(seconds: number): string {
    const time = new Date(seconds * 1000);
    return Number.isNaN(time.getTime()) ? `${seconds}` : time.toISOString().replace(/\.\d+/, "");
}

function inUnits(seconds: number): string {
    const units: [string, number][] = [
        ["day", 86_400],
        ["hour", 3600],
        ["minute", 60],
    ];
    const [name, size] = units.find(([, size]) => seconds >= size) ?? ["second", 1];
    return counted(Math.floor(seconds / size), name);
}
