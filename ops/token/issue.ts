import { claimKey } from "../../components/consumers/consumer";
import { withCredential, withExamples, withJson, withStack, type AddCommand } from "../arguments";
import { lookUp } from "../consumer/plan";
import type { Context } from "../context";
import { isOver } from "../dates";
import { UsageError } from "../errors";
import { json } from "../output";
import { gatewayOf } from "../stack/gateway";
import { readStack } from "../stack/settings";
import { readOutputs } from "../stack/stack";
import { signToken } from "./sign";

export const command: AddCommand = (token, context) =>
    withExamples(
        withJson(withStack(withCredential(token.command("issue")))),
        "token issue team-b ci --ttl 15m",
        `token issue team-b ci --ttl 8h --claims '{"job":"nightly"}' --json`,
    )
        .description("Issue a token for a caller (HS256 only: with other algorithms the caller signs)")
        .requiredOption("--ttl <time>", "lifetime in seconds, or for example 15m or 1h; at most 24h")
        .option("--claims <json>", "more claims, as a JSON object (default: none)")
        .action((name, id, args) => issue(context, name, id, args));

/**
 * Longest life of a token, in seconds: a day. A token can be revoked only with its credential, so it should not be
 * valid for longer than a working day.
 */
const LONGEST_TTL_SECONDS = 24 * 60 * 60;

/** Claims for owner and validity, which `--claims` cannot set. */
const OURS = ["key", "iat", "exp", "nbf"];

interface IssueArgs {
    stack?: string;
    ttl: string;
    claims?: string;
    json?: boolean;
}

/** Without `json`, standard output contains only the token, so that scripts can use it. */
async function issue(context: Context, name: string, id: string, args: IssueArgs): Promise<void> {
    const stack = await readStack(context, args.stack);
    const { credential, problems } = lookUp(stack, name, id);
    const who = `${name}/${id}`;
    const ttl = ttlSeconds(args.ttl, problems);
    const more = extraClaims(args.claims, problems);
    if (credential && credential.method !== "jwt")
        problems.push(
            `${who}: must be a credential of method jwt (got ${credential.method}). Its caller sends a key instead of a token.`,
        );
    else if (credential && credential.algorithm !== "HS256")
        problems.push(
            `${who}: must have algorithm HS256 (got ${credential.algorithm}). The caller signs its tokens with its private key.`,
        );
    if (credential && isOver(credential.expires, context.today))
        problems.push(`${who}: expired on ${credential.expires}. Add a credential: npm run ops -- consumer add`);
    if (problems.length > 0) throw new UsageError(problems);

    const { jwtSecrets } = await readOutputs(context, stack);
    const secret = jwtSecrets[who];
    if (secret === undefined)
        throw new UsageError([
            `${who}: in the config, but not in the stack's outputs. Run: pulumi up -s ${stack.short}`,
        ]);
    const { namespace } = gatewayOf(stack);
    const now = new Date();
    const signed = await signToken(secret, { ...more, key: claimKey(namespace, name, id) }, ttl, now);
    const end = new Date(now.getTime() + ttl * 1000);
    const answer = { stack: stack.short, consumer: name, credential: id, token: signed, expires: end.toISOString() };
    context.out(args.json ? json(answer) : signed);
    context.note(`Works until ${end.toISOString().slice(0, 19)}Z. Send it as: Authorization: Bearer <token>`);
    if (isOver(credential!.expires, end))
        context.note(`warning: ${who} itself expires on ${credential!.expires}; the token stops working then.`);
}

/** `900`, `15m`, `1h`, in seconds. */
function ttlSeconds(text: string, problems: string[]): number {
    const [, number, unit] = /^(\d{1,6})([smh]?)$/.exec(text) ?? [];
    const seconds = Number(number) * { s: 1, m: 60, h: 3600 }[(unit || "s") as "s" | "m" | "h"];
    if (seconds >= 1 && seconds <= LONGEST_TTL_SECONDS) return seconds;
    problems.push(
        `--ttl: must be between 1 s and 24 h, for example 900, 15m or 1h (got ${JSON.stringify(text)}). For a longer time, use a key: npm run ops -- consumer add`,
    );
    return 0;
}

function extraClaims(text: string | undefined, problems: string[]): Record<string, unknown> {
    if (text === undefined) return {};
    let claims: unknown;
    try {
        claims = JSON.parse(text);
    } catch {
        claims = undefined;
    }
    if (typeof claims !== "object" || claims === null || Array.isArray(claims)) {
        problems.push(`--claims: must be a JSON object. Write for example '{"job":"nightly"}'.`);
        return {};
    }
    const taken = OURS.filter((claim) => claim in claims);
    if (taken.length > 0)
        problems.push(`--claims: must not have ${taken.join(", ")}: this command sets them. Leave them out.`);
    return claims as Record<string, unknown>;
}
