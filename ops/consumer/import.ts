import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { SHORTEST_KEY } from "../../config/keys/consumers/credentials";
import { labels, withChange, withExamples, type AddCommand, type ChangeArgs } from "../arguments";
import type { Context } from "../context";
import { UsageError } from "../errors";
import { addCredentials } from "../stack/consumers-edit";
import { encryptSecrets } from "../stack/encrypt-secrets";
import { carryOut, reportChange, type Plan } from "../stack/apply/change";
import { callersOf, findStack, type Stack } from "../stack/stack";
import { forget } from "./handouts/record";
import { classesOf, lostWeights, weightClasses, type WeightClasses } from "./key-weights";

export const command: AddCommand = (consumer, context) =>
    withExamples(
        withChange(consumer.command("import")),
        "consumer import keys_file.json --names team-a,team-b",
        "consumer import keys_file.json --names team-a,team-b --yes",
    )
        .description("Import keys from an Alpa keys file, one caller per key")
        .argument("<file>", 'JSON with "allowed_api_keys"')
        .option("--names <a,b,…>", "names of the callers, in the order of the keys (default: imported-1, …)", labels)
        .option(
            "--classes <weight=class,…>",
            "class of the callers whose key has this weight in api_key_weights (default: none)",
            weightClasses,
        )
        .action((file, args) => importKeys(context, file, args));

/** Id of the credential of every imported consumer. */
const CREDENTIAL = "imported";

interface ImportArgs extends ChangeArgs {
    names?: string[];
    classes?: WeightClasses;
}

/** Imports the keys of an Alpa keys file, so that callers keep their keys. The output has names and no keys. */
async function importKeys(context: Context, file: string, args: ImportArgs): Promise<void> {
    const stack = await findStack(context, args.stack);
    const { keys, content } = readKeys(file);
    const names = args.names ?? keys.map((_, i) => `imported-${i + 1}`);
    const classes = args.classes ? classesOf(keys, content, args.classes) : [];
    const lost = args.classes ? undefined : lostWeights(keys, content);
    if (lost !== undefined) context.note(`warning: ${lost}`);
    const plan = planImport(stack, keys, names, classes);
    // A placeholder stands for each key until Pulumi has encrypted it.
    const secrets = new Map(keys.map((key, i) => [placeholder(i), key]));
    const encrypt = (text: string) => encryptKeys(context, stack, text, keys);
    // The consumers are new in the file, so an existing handout record belongs to an earlier consumer.
    const written = () => names.forEach((name) => forget(context, stack, name, CREDENTIAL));
    const change = await carryOut(context, stack, plan, { ...args, secrets, encrypt, written });
    reportChange(context, args, change, [
        "The callers' keys work at the gateway now. Next: delete the keys file, which is in plain text.",
    ]);
}

/** @param classes classes of the callers, in the order of the keys */
function planImport(stack: Stack, keys: string[], names: string[], classes: (string | undefined)[]): Plan {
    const problems: string[] = [];
    if (names.length !== keys.length)
        problems.push(
            `--names: must have as many names as the file has keys, ${keys.length} (got ${names.length}). Give one for each key.`,
        );
    const known = new Set(callersOf(stack).map(({ name }) => name));
    for (const name of new Set(names))
        if (known.has(name)) problems.push(`--names: ${name} exists already. Choose another name.`);
        else if (names.indexOf(name) !== names.lastIndexOf(name))
            problems.push(`--names: ${name} must be listed only once. Choose another name.`);
    if (problems.length > 0) return { problems, effects: [] };
    const additions = names.map((consumer, i) => ({
        consumer,
        class: classes[i],
        credential: { id: CREDENTIAL, method: "key" as const, key: { secure: placeholder(i) } },
    }));
    // The callers go into the stack file, since a callers file cannot have secrets.
    const after = addCredentials(stack.text, additions);
    return { after, problems, effects: names.map((name) => `Adds ${name} with its key as ${name}/${CREDENTIAL}.`) };
}

/** @throws UsageError, whose message names keys only by their index */
function readKeys(file: string): { keys: string[]; content: unknown } {
    let content: unknown;
    try {
        content = JSON.parse(readFileSync(file, "utf8"));
    } catch (error) {
        // The parser's own message is not used, since it quotes the file.
        const why = (error as NodeJS.ErrnoException).code ?? "it is not JSON";
        throw new UsageError([`${basename(file)}: must be Alpa's keys file (${why}). Correct the path or the file.`]);
    }
    const keys = (content as { allowed_api_keys?: unknown } | null)?.allowed_api_keys;
    if (!Array.isArray(keys) || keys.length === 0)
        throw new UsageError([`${basename(file)}: must have a list allowed_api_keys with at least one key.`]);
    const problems = keys.flatMap((key: unknown, i) => {
        const where = `${basename(file)}: allowed_api_keys[${i}]`;
        if (typeof key !== "string") return [`${where}: must be a string.`];
        if (key.length < SHORTEST_KEY)
            return [
                `${where}: must have at least ${SHORTEST_KEY} characters. Give this caller a new key: npm run ops -- consumer add`,
            ];
        if (!/^[\x21-\x7e]+$/.test(key))
            return [`${where}: must be visible ASCII without spaces. Give this caller a new key.`];
        if (keys.indexOf(key) < i) return [`${where}: must be listed only once. Remove the duplicate.`];
        return [];
    });
    if (problems.length > 0) throw new UsageError(problems);
    return { keys: keys as string[], content };
}

function placeholder(i: number): string {
    return `(encrypted by --yes, ${i + 1})`;
}

/** Replaces the placeholder of every key by its ciphertext. */
async function encryptKeys(context: Context, stack: Stack, text: string, keys: string[]): Promise<string> {
    const ciphers = await encryptSecrets(context, stack, keys);
    return ciphers.reduce(
        (encrypted, cipher, i) =>
            encrypted
                .replace(JSON.stringify(placeholder(i)), () => JSON.stringify(cipher))
                .replace(placeholder(i), () => cipher),
        text,
    );
}
