import { publicFingerprint } from "../../components/meaning/fingerprint";
import { daysUntil } from "../../config/keys/consumers/credentials";
import type { ListedCredential } from "../../config/keys/consumers/listed";
import { withConsumer, withExamples, withJson, withStack, type AddCommand } from "../arguments";
import type { Context } from "../context";
import { inWords, isOver } from "../dates";
import { UsageError } from "../errors";
import { json, table } from "../output";
import { generatedIn } from "../stack/history/generated";
import { limitsInForce, limitsInWords } from "../stack/limits";
import { exported } from "../stack/review/review";
import { readStack } from "../stack/settings";
import type { Stack } from "../stack/stack";
import { handouts, lacksSince } from "./handouts/record";
import { lookUp } from "./plan";

export const command: AddCommand = (consumer, context) =>
    withExamples(
        withJson(withStack(withConsumer(consumer.command("show")))),
        "consumer show team-b",
        "consumer show team-b --stack intra --json",
    )
        .description("Show one caller of the config: credentials, limits, handouts; never shows a secret")
        .action((name, args) => show(context, name, args));

/** Shows one caller from the config, the state and the records of handouts, without requests to the cluster or Cloudflare. */
async function show(context: Context, name: string, args: { stack?: string; json?: boolean }): Promise<void> {
    const stack = await readStack(context, args.stack);
    const { consumer, problems } = lookUp(stack, name);
    if (!consumer) throw new UsageError(problems);
    const generated = generatedIn(await exported(context, stack));
    const credentials = consumer.credentials.map((one) =>
        shownCredential(context, stack, name, one, generated.get(`${name}/${one.id}`)?.fingerprint),
    );
    const [limits, own] = [limitsInForce(stack, name), consumer.limits ?? {}];
    if (args.json) {
        const about = { stack: stack.short, name, class: consumer.class ?? null, limits, ownLimits: own };
        return context.out(json({ ...about, credentials }));
    }
    const inherited = limitsInWords(own) === limitsInWords(limits) ? "" : ` (own: ${limitsInWords(own)})`;
    const lines = [
        `consumer      ${name}`,
        `class         ${consumer.class ?? "none"}`,
        `limits        ${limitsInWords(limits)}${inherited}`,
    ];
    context.out([...lines, render(credentials)].join("\n"));
    context.note(
        `This is the state in the config, which may not be applied yet. To see what is live: npm run ops -- consumer list --stack ${stack.short}`,
    );
}

type ShownCredential = ReturnType<typeof shownCredential>;

/** @param generated fingerprint of a generated secret, if the credential is created */
function shownCredential(context: Context, stack: Stack, name: string, one: ListedCredential, generated?: string) {
    const { id, method, algorithm, publicKey, expires, enabled, secretVersion, previousSecretExpires } = one;
    const over = isOver(expires, context.today);
    const lacksSecretSince = lacksSince(context, stack, name, one, generated) ?? null;
    return {
        id,
        method,
        algorithm: algorithm ?? null,
        /** State in the config, applied or not. The next `pulumi up` removes an `expired` credential. */
        state: over ? "expired" : enabled === false ? "disabled" : "active",
        expires: expires ?? null,
        /** Days until the credential expires; 0 or negative after its expiry. */
        daysLeft: expires === undefined ? null : daysUntil(expires, context.today),
        secretVersion: secretVersion ?? null,
        /** Day on which the previous secret stops working. */
        previousSecretExpires: previousSecretExpires ?? null,
        /** Of a public key, as in previews, or of a generated secret: null for a key that an operator has set, and before the creation. */
        fingerprint: publicKey === undefined ? (generated ?? null) : publicFingerprint(publicKey),
        /** Last handout of the present secret. */
        lastHandout: lacksSecretSince === null ? (handouts(context, stack, name, id).at(-1) ?? null) : null,
        /** Day of the last handout, if it was of another secret. */
        lacksSecretSince,
    };
}

function render(credentials: ShownCredential[]): string {
    if (credentials.length === 0) return "credentials   none";
    const rows = credentials.map((one) => [
        one.id,
        [one.method, one.algorithm].filter((word) => word !== null).join(" "),
        one.state,
        one.expires === null ? "" : `${one.expires}, ${inWords(one.daysLeft!)}`,
        handedOut(one),
    ]);
    const keys = credentials.flatMap((one) =>
        one.fingerprint === null ? [] : `fingerprint   ${one.id} ${one.fingerprint}`,
    );
    return [table(["credential", "method", "in the config", "expires", "handed out"], rows), ...keys].join("\n");
}

function handedOut({ lastHandout: last, lacksSecretSince: since }: ShownCredential): string {
    if (last !== null) return last.at.slice(0, 10);
    return since === null ? "" : `no: an earlier secret on ${since}`;
}
