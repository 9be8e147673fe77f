import { createHash, createPublicKey } from "node:crypto";
import { basename } from "node:path";
import type { Limits } from "../../components/consumers/limits";
import { day, daysUntil } from "../../config/keys/consumers/credentials";
import { withConsumer, withExamples, withJson, withStack, type AddCommand } from "../arguments";
import type { Context } from "../context";
import { inWords, isOver } from "../dates";
import { UsageError } from "../errors";
import { json, table } from "../output";
import { generatedIn } from "../stack/history/generated";
import { exported } from "../stack/review/review";
import { limitsInForce, limitsInWords, ownLimits } from "../stack/limits";
import { findStack, type Stack } from "../stack/stack";
import { authenticatorIn, readConsumers, type Credential } from "../stack/stack-file";
import { handouts, lacksSince, type HandedOut } from "./handouts/record";
import { classInWords } from "./limit-options";
import { lookUp } from "./plan";

export const command: AddCommand = (consumer, context) =>
    withExamples(
        withJson(withStack(withConsumer(consumer.command("show")))),
        "consumer show team-b",
        "consumer show team-b --stack intra --json",
    )
        .description("Show one caller of the config: credentials, limits, last handout; never shows a secret")
        .action((name, args) => show(context, name, args));

interface ShowArgs {
    stack?: string;
    json?: boolean;
}

/** One caller of the config, without secrets. */
interface ShownConsumer {
    /** Short name of the stack. */
    stack: string;
    name: string;
    /** Component that authenticates the caller. */
    type: "gateway" | "cloudflare-access";
    /** The stack file or callers file that lists the caller. */
    file: string;
    /** Priority class; null if the caller has none. */
    class: string | null;
    /** Limits in force: the caller's own, and the stack's for each limit that the caller's entry does not set. */
    limits: Limits;
    /** Limits that the caller's own entry sets. */
    ownLimits: Limits;
    /** The last handout of any of its credentials. */
    lastHandout: (HandedOut & { credential: string }) | null;
    credentials: ShownCredential[];
}

interface ShownCredential {
    id: string;
    method: string;
    algorithm: string | null;
    /** State in the config, applied or not. The next `pulumi up` removes an `expired` credential. */
    state: "active" | "expired" | "disabled";
    expires: string | null;
    /** Days until the credential expires; 0 or negative after its expiry. */
    daysLeft: number | null;
    /** Number of a service token's secret. */
    secretVersion: number | null;
    /** Day on which the previous secret stops working. */
    previousSecretExpires: string | null;
    /**
     * SHA-256 of the public key (DER, SubjectPublicKeyInfo), in base64. For a generated secret, a digest of what it was
     * created with. Null for a key that an operator has set, and before the credential is created.
     */
    fingerprint: string | null;
    /** Last handout of the present secret. */
    lastHandout: HandedOut | null;
    /** Day of the last handout, if the credential was deleted or created again since: its caller lacks the present secret. */
    lacksSecretSince: string | null;
}

/** Shows one caller from the config, the state and the records of handouts, without requests to the cluster or Cloudflare. */
async function show(context: Context, name: string, args: ShowArgs): Promise<void> {
    const stack = await findStack(context, args.stack);
    const { consumer, problems } = lookUp(stack, name);
    if (!consumer) throw new UsageError(problems);
    const generated = generatedIn(await exported(context, stack));
    const credentials = consumer.credentials.map((one) =>
        shownCredential(context, stack, name, one, generated.get(`${name}/${one.id}`)?.fingerprint),
    );
    const shown: ShownConsumer = {
        stack: stack.short,
        name,
        type: authenticatorIn(stack.text) === "edge" ? "cloudflare-access" : "gateway",
        file: fileOf(stack, name),
        class: consumer.class ?? null,
        limits: limitsInForce(stack, name),
        ownLimits: ownLimits(stack, name),
        lastHandout: newest(credentials),
        credentials,
    };
    context.out(args.json ? json(shown) : render(shown, classInWords(stack, consumer.class)));
    if (!args.json)
        context.note(
            `This is the state in the config, which may not be applied yet. To see what is live: npm run ops -- consumer list --stack ${stack.short}`,
        );
}

function shownCredential(
    context: Context,
    stack: Stack,
    name: string,
    one: Credential,
    generated: string | undefined,
): ShownCredential {
    const { id, method, algorithm, publicKey, expires, enabled, secretVersion, previousSecretExpires } = one;
    const over = isOver(expires, context.today);
    const lacksSecretSince = lacksSince(context, stack, name, one, generated) ?? null;
    const isDay = expires !== undefined && day.safeParse(expires).success;
    return {
        id,
        method,
        algorithm: algorithm ?? null,
        state: over ? "expired" : enabled === false ? "disabled" : "active",
        expires: expires ?? null,
        daysLeft: isDay ? daysUntil(expires, context.today) : null,
        secretVersion: secretVersion ?? null,
        previousSecretExpires: previousSecretExpires ?? null,
        fingerprint: publicKey === undefined ? (generated ?? null) : fingerprint(publicKey),
        lastHandout: lacksSecretSince === null ? (handouts(context, stack, name, id).at(-1) ?? null) : null,
        lacksSecretSince,
    };
}

/**
 * SHA-256 as in `openssl pkey -pubin -outform der | sha256sum`. @returns null for an invalid key, which the config
 * check reports
 */
function fingerprint(pem: string): string | null {
    try {
        const der = createPublicKey(pem).export({ type: "spki", format: "der" });
        return `SHA256:${createHash("sha256").update(der).digest("base64").replace(/=+$/, "")}`;
    } catch {
        return null;
    }
}

function newest(credentials: ShownCredential[]): ShownConsumer["lastHandout"] {
    const all = credentials.flatMap(({ id, lastHandout }) => (lastHandout ? [{ credential: id, ...lastHandout }] : []));
    return all.sort((a, b) => (a.at < b.at ? -1 : 1)).at(-1) ?? null;
}

function fileOf({ text, file, callers }: Stack, name: string): string {
    const own = callers === undefined || readConsumers(text).some((one) => one.name === name);
    return own ? basename(file) : callers.name;
}

const TYPES = { gateway: "consumer of the gateway", "cloudflare-access": "service tokens of Cloudflare Access" };

/** @param className the class, as {@link classInWords} describes it */
function render(
    { name, type, file, limits, ownLimits: own, lastHandout: last, credentials }: ShownConsumer,
    className: string,
): string {
    const inherited = limitsInWords(own) === limitsInWords(limits) ? "" : ` (own: ${limitsInWords(own)})`;
    const lines = [
        `consumer      ${name}`,
        `type          ${TYPES[type]}`,
        `file          ${file}`,
        `class         ${className}`,
        `limits        ${limitsInWords(limits)}${inherited}`,
        `last handout  ${last === null ? "none recorded" : `${last.at.slice(0, 10)}, ${last.credential}`}`,
    ];
    if (credentials.length === 0) return [...lines, "credentials   none"].join("\n");
    const rows = credentials.map((one) => [
        one.id,
        [one.method, one.algorithm].filter((word) => word !== null).join(" "),
        one.state,
        one.expires === null ? "" : one.daysLeft === null ? one.expires : `${one.expires}, ${inWords(one.daysLeft)}`,
        one.fingerprint ?? "",
        handedOut(one),
    ]);
    const head = ["credential", "method", "in the config", "expires", "fingerprint", "handed out"];
    return [...lines, table(head, rows)].join("\n");
}

function handedOut({ lastHandout: last, lacksSecretSince: since }: ShownCredential): string {
    if (last !== null) return last.at.slice(0, 10);
    return since === null ? "" : `no: an earlier secret on ${since}`;
}
