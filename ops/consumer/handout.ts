import { armor, Encrypter } from "age-encryption";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { claimKey } from "../../components/consumers/consumer";
import { repeatable, withConsumer, withExamples, withJson, withStack, type AddCommand } from "../arguments";
import type { ListedCredential } from "../../config/keys/consumers/listed";
import type { Context } from "../context";
import { isOver } from "../dates";
import { UsageError } from "../errors";
import { json } from "../output";
import { answerTimeout, gatewayOf, serverOf } from "../stack/gateway";
import { isCommittable } from "../stack/history/commits";
import { generatedIn } from "../stack/history/generated";
import { limitsInForce } from "../stack/limits";
import { exported } from "../stack/review/review";
import { readStack, type ReadStack } from "../stack/settings";
import { readOutputs, type Outputs, type Stack } from "../stack/stack";
import { whoAmI } from "../who-am-i";
import { handouts, lacksSince, record } from "./handouts/record";
import { renderHandout, type HandoutCredential } from "./handouts/text";
import { lookUp } from "./plan";

export const command: AddCommand = (consumer, context) =>
    withExamples(
        withJson(withStack(withConsumer(consumer.command("handout")))),
        "consumer handout team-b",
        "consumer handout team-b 2026b --out handouts/team-b.age --recipient age1…",
    )
        .argument("[credentials...]", "ids of credentials (default: those that were not handed out)")
        .description("Hand out credentials once: print or write everything their caller needs")
        .option("--out <file>", "write a new file that only you can read (default: print)")
        .addOption(repeatable("--recipient <key>", "encrypt to a public age key: age1…"))
        .option("--again <reason>", "reason for a second handout, which requires one (default: none)")
        .action((name, ids: string[], args: HandoutArgs) => handout(context, name, ids, args));

interface HandoutArgs {
    stack?: string;
    out?: string;
    recipient: string[];
    again?: string;
    json?: boolean;
}

/** Prints or writes credentials for their caller, and records the handout. */
async function handout(context: Context, name: string, ids: string[], args: HandoutArgs): Promise<void> {
    const { out, again: reason } = args;
    const stack = await readStack(context, args.stack);
    const encrypt = encrypterFor(args.recipient);
    if (out !== undefined && existsSync(out))
        throw new UsageError([`--out: must be a new file (${out} exists). Name another file.`]);
    const given = await chosen(context, stack, name, ids, reason);
    const outputs = await readOutputs(context, stack);
    const credentials = given.map(({ credential }) => withSecret(stack, name, credential, outputs));
    const about = { url: outputs.url!, limits: limitsInForce(stack, name), openai: serverOf(stack) === "openai" };
    const answerTimeoutSeconds = answerTimeout(stack);
    const page = await encrypt(renderHandout({ ...about, answerTimeoutSeconds, credentials }));
    // Shortened, since keys only have to be distinguishable.
    const recipients = args.recipient.map((key) => `${key.slice(0, 12)}…`);
    const now = { at: context.today.toISOString(), recipients, reason, by: whoAmI() };
    for (const { credential, earlier, fingerprint } of given.filter((one) => isSecret(one.credential)))
        record(context, stack, [name, credential.id], earlier, { ...now, fingerprint });
    if (out !== undefined) {
        mkdirSync(dirname(out), { recursive: true, mode: 0o700 });
        writeFileSync(out, page, { flag: "wx", mode: 0o600 });
    }
    const shown = { consumer: name, credentials: credentials.map(({ who }) => who), url: about.url, recipients };
    const text = out === undefined ? page : null;
    if (args.json) context.out(json({ stack: stack.short, ...shown, out: out ?? null, page: text }));
    else if (out === undefined) context.out(page.trimEnd());
    // Pulumi runs `git status`, which reports untracked files as changes.
    if (out !== undefined && (await isCommittable(out)))
        context.note(
            `warning: git does not ignore ${out}, so a commit can contain the credential, and stack rollback rejects versions that are applied meanwhile. Move it to handouts/.`,
        );
    context.note(
        `Next: give it to the caller${recipients.length > 0 ? "" : " on a confidential channel"}, and commit its record in .alpa-auth/handouts.`,
    );
}

/** The credentials to hand out, with their records. @throws UsageError with all problems */
async function chosen(context: Context, stack: ReadStack, name: string, ids: string[], again?: string) {
    const { consumer, problems } = lookUp(stack, name);
    const generated = generatedIn(await exported(context, stack));
    const asked = consumer ? ids.map((id) => lookUp(stack, name, id)) : [];
    const credentials = ids.length > 0 ? asked.flatMap((one) => one.credential ?? []) : (consumer?.credentials ?? []);
    const given = credentials.map((credential) => {
        const earlier = isSecret(credential) ? handouts(context, stack, name, credential.id) : [];
        const { fingerprint } = generated.get(`${name}/${credential.id}`) ?? {};
        const isOther = lacksSince(context, stack, name, credential, fingerprint) !== undefined;
        const last = again === undefined && !isOther ? earlier.at(-1)?.at.slice(0, 10) : undefined;
        return { credential, earlier, fingerprint, problem: problemOf(context, stack, credential, last) };
    });
    const open = given.filter(({ problem }) => problem === undefined);
    problems.push(...asked.flatMap((one) => one.problems));
    for (const { credential, problem } of ids.length > 0 || open.length === 0 ? given : [])
        if (problem !== undefined) problems.push(`${name}/${credential.id}: ${problem}`);
    if (consumer?.credentials.length === 0) problems.push(`${name}: has no credential. Add one.`);
    if (problems.length > 0) throw new UsageError(problems);
    return open;
}

/** Why a credential cannot be handed out. @param last day of its last handout, if that prevents another one */
function problemOf({ today }: Context, { short }: Stack, { expires, enabled }: ListedCredential, last?: string) {
    if (isOver(expires, today)) return `expired on ${expires}. Add a credential: npm run ops -- consumer add`;
    if (enabled === false)
        return `is disabled, so Cloudflare rejects it. Remove enabled: false from it and run: pulumi up -s ${short}`;
    if (last === undefined) return undefined;
    return `was already handed out on ${last}. Rotate it; if the caller never got it, add --again "reason".`;
}

/** Whether the stack has a secret of the credential. Only handouts of secrets are recorded. */
function isSecret({ method, algorithm }: ListedCredential): boolean {
    return method !== "jwt" || algorithm === "HS256";
}

function withSecret(stack: ReadStack, name: string, credential: ListedCredential, outputs: Outputs): HandoutCredential {
    const { id, method, algorithm } = credential;
    const who = `${name}/${id}`;
    const [key, secret, pair] = [outputs.credentials[who], outputs.jwtSecrets[who], outputs.serviceTokens[who]];
    if (outputs.url === undefined || (isSecret(credential) && (key ?? secret ?? pair) === undefined))
        throw new UsageError([
            `${who}: in the config, but not in the stack's outputs. Run: pulumi up -s ${stack.short}`,
        ]);
    // Cloudflare has its own expiry date, and the config may have an earlier one that is not applied yet.
    const [expires] = [credential.expires, outputs.expires[who]].filter((day) => day !== undefined).sort();
    const claim = method === "jwt" ? claimKey(gatewayOf(stack).namespace, name, id) : undefined;
    return { who, expires, algorithm, claim, key, secret, ...pair };
}

/** Encrypts to age recipients; without any, the text stays. */
function encrypterFor(recipients: string[]): (text: string) => Promise<string> {
    const encrypter = new Encrypter();
    try {
        for (const recipient of recipients) encrypter.addRecipient(recipient);
    } catch {
        // The text is not quoted, since it could be a secret that was given by mistake.
        throw new UsageError([
            "--recipient: must be a public age key, age1… (one is not). For other keys use the program age: consumer handout … | age -a -R key.pub",
        ]);
    }
    return async (text) => (recipients.length === 0 ? text : armor.encode(await encrypter.encrypt(text)));
}
