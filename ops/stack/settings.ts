/** The settings of a stack, from its stack file and callers file. */
import { dirname } from "node:path";
import { apiProblems, readApiAccess, type ApiAccess } from "../../config/api-access";
import { ConfigError, parse, type Settings } from "../../config";
import { authenticatorOf } from "../../config/options";
import { pathText } from "../../config/problems";
import { plainSecrets, PROJECT } from "../../config/stack-file";
import type { Context } from "../context";
import { asPulumiReads, parseYaml } from "./yaml-edit";
import { ask, jsonObject } from "./pulumi";
import { findStack, type Stack } from "./stack";

const PREFIX = `${PROJECT}:`;

/** A stack whose config is valid. */
export interface ReadStack extends Stack {
    settings: Settings;
    /** Plain text of the encrypted values of the stack file, by ciphertext. */
    secrets: ReadonlyMap<string, string>;
    /** Access to the Cloudflare API, which only some options need. */
    api: ApiAccess;
}

/** Result of checking a stack file. */
interface Verdict {
    problems: string[];
    warnings: string[];
}

/** The stack file, with its place and its callers file. */
export type Files = Pick<Stack, "file" | "text" | "callers">;

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
    const encrypted = configOf(parseYaml(text).toJS());
    const own = Object.entries(configOf(asPulumiReads(parseYaml(text), secrets))).filter(
        ([key]) => key.startsWith(PREFIX) || !key.includes(":"),
    );
    const raw = own.map(([key, value]): [string, string] => [
        key.replace(PREFIX, ""),
        typeof value === "string" ? value : JSON.stringify(value),
    ]);
    const inPlain = plainSecrets(text);
    const isSecret = (key: string, value?: unknown) =>
        JSON.stringify(encrypted[`${PREFIX}${key}`] ?? encrypted[key] ?? null).includes('{"secure":') &&
        !inPlain(value);
    return parse(Object.fromEntries(raw), isSecret, today, undefined, dirname(file), callers?.text);
}

function configOf(file: unknown): Record<string, unknown> {
    return (file as { config?: Record<string, unknown> } | null)?.config ?? {};
}

/**
 * Finds a stack and reads its config.
 * @param option value of `--stack`. Default: the stack that Pulumi has selected
 * @throws ConfigError that lists all problems of its config
 */
export async function readStack(context: Context, option: string | undefined): Promise<ReadStack> {
    const stack = await findStack(context, option);
    const secrets = await readSecrets(context, stack);
    const settings = readSettings(stack, secrets, context.today);
    const encrypted = configOf(parseYaml(stack.text).toJS());
    const all = configOf(asPulumiReads(parseYaml(stack.text), secrets)) as Record<string, string>;
    const api = readApiAccess(all, (key) => typeof encrypted[key] === "object");
    // Commands print lines of the stack file.
    if (api.inPlain) throw new ConfigError([...apiProblems(api)].map((one) => `${pathText(one.path)}: ${one.message}`));
    return { ...stack, settings, secrets, api };
}

/** Whether Cloudflare's edge authenticates the callers, and not a gateway. */
export const isEdge = ({ settings }: Pick<ReadStack, "settings">) => authenticatorOf(settings.option) === "edge";

/** Returns the plain text of each ciphertext in a stack file, read through a pipe. Runs Pulumi only if the file has secrets. */
async function readSecrets({ pulumi }: Context, stack: Stack): Promise<Map<string, string>> {
    const found = new Map<string, string>();
    if (!/\bsecure:/.test(stack.text)) return found;
    const args = ["config", "--json", "--show-secrets", "--stack", stack.name, "--config-file", stack.file];
    const plain = jsonObject<Record<string, { value: string; objectValue?: unknown }>>(
        await ask(pulumi, args),
        "pulumi config",
    );
    for (const [key, encrypted] of Object.entries(configOf(parseYaml(stack.text).toJS()))) {
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
