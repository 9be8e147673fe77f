import { dirname } from "node:path";
import { ConfigError, parse, type Settings } from "../../config";
import { plainSecrets } from "../../config/stack-file";
import type { Context } from "../context";
import { asPulumiReads, parseYaml } from "./yaml-edit";
import { ask, jsonObject } from "./pulumi";
import type { Stack } from "./stack";
import { PROJECT } from "./stack-file";

const PREFIX = `${PROJECT}:`;

/** Result of checking a stack file. */
interface Verdict {
    problems: string[];
    warnings: string[];
}

/** The stack file, with its place and its callers file. */
type Files = Pick<Stack, "file" | "text" | "callers">;

/** Checks a stack as `pulumi up` will. @param secrets plain text by ciphertext @param today decides which credentials have expired */
export function checkConfig(files: Files, secrets: ReadonlyMap<string, string>, today?: Date): Verdict {
    try {
        return { problems: [], warnings: readSettings(files, secrets, today).warnings };
    } catch (error) {
        if (error instanceof ConfigError) return { problems: error.problems, warnings: [] };
        throw error;
    }
}

/** Reads the settings of a stack. The parameters mean the same as in {@link checkConfig}. @throws ConfigError that lists all problems */
function readSettings({ file, text, callers }: Files, secrets: ReadonlyMap<string, string>, today?: Date): Settings {
    const read = asPulumiReads(parseYaml(text), secrets) as { config?: Record<string, unknown> } | null;
    const encrypted = parseYaml(text).toJS() as { config?: Record<string, unknown> } | null;
    const own = Object.entries(read?.config ?? {}).filter(([key]) => key.startsWith(PREFIX) || !key.includes(":"));
    const raw = own.map(([key, value]): [string, string] => [
        key.replace(PREFIX, ""),
        typeof value === "string" ? value : JSON.stringify(value),
    ]);
    const inPlain = plainSecrets(text);
    const isSecret = (key: string, value?: unknown) =>
        JSON.stringify(encrypted?.config?.[`${PREFIX}${key}`] ?? encrypted?.config?.[key] ?? null).includes(
            '{"secure":',
        ) && !inPlain(value);
    return parse(Object.fromEntries(raw), isSecret, today, undefined, dirname(file), callers?.text);
}

/** The settings of a stack. @throws ConfigError that lists all problems of its config */
export async function settingsOf(context: Context, stack: Stack): Promise<Settings> {
    return readSettings(stack, await readSecrets(context, stack), context.today);
}

/** Returns the plain text of each ciphertext in a stack file, read through a pipe. Runs Pulumi only if the file has secrets. */
export async function readSecrets({ pulumi }: Context, stack: Stack): Promise<Map<string, string>> {
    const found = new Map<string, string>();
    if (!/\bsecure:/.test(stack.text)) return found;
    const args = ["config", "--json", "--show-secrets", "--stack", stack.name, "--config-file", stack.file];
    const plain = jsonObject<Record<string, { value: string; objectValue?: unknown }>>(
        await ask(pulumi, args),
        "pulumi config",
    );
    const file = parseYaml(stack.text).toJS() as { config?: Record<string, unknown> } | null;
    for (const [key, encrypted] of Object.entries(file?.config ?? {})) {
        const value = plain[key] ?? plain[`${PREFIX}${key}`];
        pair(encrypted, value?.objectValue ?? value?.value, found);
    }
    return found;
}

/** Compares the encrypted and the decrypted config, and adds the plain text of each ciphertext to `found`. */
function pair(encrypted: unknown, plain: unknown, found: Map<string, string>): void {
    if (typeof encrypted !== "object" || encrypted === null) return;
    const { secure } = encrypted as { secure?: unknown };
    if (typeof secure === "string") {
        if (plain !== undefined) found.set(secure, typeof plain === "string" ? plain : JSON.stringify(plain));
        return;
    }
    for (const [key, value] of Object.entries(encrypted))
        pair(value, (plain as Record<string, unknown> | undefined)?.[key], found);
}
