import type { PublicKeyAlgorithm } from "../../components/consumers/signing-algorithms";
import { closeSync, mkdirSync, openSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { claimKey } from "../../components/consumers/consumer";
import { repeatable, withCredential, withExamples, withJson, withStack, type AddCommand } from "../arguments";
import type { Context } from "../context";
import { whoAmI } from "../who-am-i";
import { isOver } from "../dates";
import { Failure, UsageError } from "../errors";
import { json, shownPath } from "../output";
import { gatewayOf, type Gateway } from "../stack/gateway";
import { isCommittable } from "../stack/history/commits";
import { generatedIn } from "../stack/history/generated";
import { exported } from "../stack/review/review";
import { limitsInForce } from "../stack/limits";
import { findStack, readOutputs, type Outputs, type Stack } from "../stack/stack";
import { serverIn, type Credential } from "../stack/stack-file";
import { handouts, lacksSince, record, recordFile } from "./handouts/record";
import { renderHandout, type Handout } from "./handouts/text";
import { lookUp } from "./plan";
import { encrypterFor, readRecipients, shortened } from "./handouts/recipients";

export const command: AddCommand = (consumer, context) =>
    withExamples(
        withJson(withStack(withCredential(consumer.command("handout")))),
        "consumer handout team-b first",
        "consumer handout team-b first --out handouts/team-b.age --recipient-file team-b.txt",
    )
        .description("Hand out a credential once: print or write everything its caller needs")
        .option("--out <file>", "write a new file that only you can read (default: print)")
        .addOption(repeatable("--recipient <key>", "encrypt to a public age key: age1…"))
        .option("--recipient-file <file>", "encrypt to the public keys of a file, one in each line (default: none)")
        .option(
            "--again <reason>",
            "reason for handing out a credential again, required for a second handout (default: none)",
        )
        .action((name, id, args) => handout(context, name, id, args));

interface HandoutArgs {
    stack?: string;
    out?: string;
    recipient: string[];
    recipientFile?: string;
    again?: string;
    json?: boolean;
}

/** Prints or writes a credential for its caller, and records the handout. */
async function handout(context: Context, name: string, id: string, args: HandoutArgs): Promise<void> {
    const stack = await findStack(context, args.stack);
    const recipients = readRecipients(args.recipient, args.recipientFile);
    const encrypt = recipients.length > 0 ? encrypterFor(recipients) : undefined;
    const { credential, problems } = lookUp(stack, name, id);
    const secret = credential?.method !== "jwt" || credential.algorithm === "HS256";
    // Only the handouts of a credential with a secret are recorded.
    const all = secret ? handouts(context, stack, name, id) : [];
    const state = secret && credential ? await exported(context, stack) : {};
    const fingerprint = generatedIn(state).get(`${name}/${id}`)?.fingerprint;
    const isOther = credential && lacksSince(context, stack, name, credential, fingerprint) !== undefined;
    if (credential && isOver(credential.expires, context.today))
        problems.push(`${name}/${id}: expired on ${credential.expires}. Add a credential: npm run ops -- consumer add`);
    if (credential?.enabled === false)
        problems.push(
            `${name}/${id}: is disabled, so Cloudflare rejects it. Remove enabled: false from it and run: pulumi up -s ${stack.short}`,
        );
    if (all.length > 0 && !isOther && args.again === undefined)
        problems.push(
            `${name}/${id}: was already handed out on ${all.at(-1)!.at.slice(0, 10)}. Rotate it; if the caller never got it, add --again "reason".`,
        );
    if (args.again?.trim() === "") problems.push('--again: must say why (got ""). Give the reason.');
    if (problems.length > 0) throw new UsageError(problems);

    const outputs = await readOutputs(context, stack);
    const given = pageOf(stack, name, credential!, outputs, gatewayOf(stack));
    const page = renderHandout(given);
    const text = encrypt ? await encrypt(page) : page;
    const shown = recipients.map(([, recipient]) => shortened(recipient));
    const write = args.out === undefined ? undefined : openNew(args.out);
    if (secret)
        try {
            record(context, stack, name, id, all, {
                at: context.today.toISOString(),
                recipients: shown,
                ...(args.again === undefined ? {} : { reason: args.again }),
                by: whoAmI(),
                ...(fingerprint === undefined ? {} : { fingerprint }),
            });
        } catch (error) {
            write?.discard();
            throw error;
        }
    const file = recordFile(context, stack, name, id);
    const where = shownPath(file);
    if (write) write.finish(text);
    if (args.json) {
        const { url, expires = null } = given;
        const files = { record: secret ? where : null, out: args.out ?? null };
        const handed = { stack: stack.short, consumer: name, credential: id, url, expires, recipients: shown };
        context.out(json({ ...handed, ...files, page: write ? null : text }));
    } else if (!write) context.out(text.trimEnd());
    if (args.out !== undefined) {
        context.note(`${name}/${id} is in ${args.out}, which only you can read.`);
        if (await isCommittable(args.out)) context.note(notIgnored(args.out, secret));
    }
    if (secret)
        context.note(
            `The time and the recipients are recorded in ${where}.${(await isCommittable(file)) ? " Commit this file." : ""}`,
        );
    context.note(`Next: give it to the caller${encrypt ? "" : " on a confidential channel"}.`);
}

function pageOf(stack: Stack, name: string, credential: Credential, outputs: Outputs, gateway: Gateway): Handout {
    const { id, expires, method, algorithm } = credential;
    const who = `${name}/${id}`;
    const notUp = new UsageError([
        `${who}: in the config, but not in the stack's outputs. Run: pulumi up -s ${stack.short}`,
    ]);
    if (outputs.url === undefined) throw notUp;
    const claim = claimKey(gateway.namespace, name, id);
    const { answerTimeoutSeconds } = gateway;
    const openai = serverIn(stack.text) === "openai";
    const page = { who, url: outputs.url, expires, answerTimeoutSeconds, limits: limitsInForce(stack, name), openai };
    if (method === "service-token") {
        const pair = outputs.serviceTokens[who];
        if (pair === undefined) throw notUp;
        // Cloudflare has its own expiry date, and the config may have an earlier one that is not applied yet.
        const [end] = [expires, outputs.expires[who]].filter((day) => day !== undefined).sort();
        return { ...page, expires: end, credential: { method, ...pair } };
    }
    if (method === "key") {
        const key = outputs.credentials[who];
        if (key === undefined) throw notUp;
        return { ...page, credential: { method, key } };
    }
    if (algorithm === "HS256") {
        const secret = outputs.jwtSecrets[who];
        if (secret === undefined) throw notUp;
        return { ...page, credential: { method: "jwt", algorithm, claim, secret } };
    }
    return { ...page, credential: { method: "jwt", algorithm: algorithm as PublicKeyAlgorithm, claim } };
}

/** Warning about a handout file that git does not ignore: Pulumi runs `git status`, which reports untracked files as changes. */
function notIgnored(file: string, secret: boolean): string {
    const commits = secret ? "a commit can contain the credential, and " : "";
    return `warning: git does not ignore ${file}: ${commits}Pulumi records untracked files as uncommitted changes, and stack rollback rejects every version that is applied with uncommitted changes. Move it to handouts/, which git ignores, or out of the clone.`;
}

/** Creates a file that only this user can read, and its folder. @returns functions that write or remove the file */
function openNew(file: string) {
    let handle: number;
    try {
        mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
        handle = openSync(file, "wx", 0o600);
    } catch (error) {
        const { code, syscall } = error as NodeJS.ErrnoException;
        if (code === "EEXIST" && syscall === "open")
            throw new UsageError([`--out: must not exist (got ${file}). Name another file.`]);
        throw new UsageError([`--out: must be a file that can be created (got ${file}: ${code}). Correct the path.`]);
    }
    return {
        finish: (text: string) => {
            try {
                writeFileSync(handle, text);
            } catch (error) {
                throw new Failure(
                    `--out: ${file} cannot be written (${(error as Error).message}). Free some space, then run the command again with --again.`,
                );
            } finally {
                closeSync(handle);
            }
        },
        discard: () => {
            closeSync(handle);
            rmSync(file, { force: true });
        },
    };
}
