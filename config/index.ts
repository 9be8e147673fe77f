import * as pulumi from "@pulumi/pulumi";
import { readApiAccess, type ApiAccess } from "./api-access";
import { parseCallersFile, placedInFile, readCallersFile } from "./keys/consumers/file";
import { DEFINITIONS, OPTIONS, ownersOfOthers, type Option, type Settings } from "./options";
import type { CheckContext } from "./options/option";
import { ProblemList } from "./problem-list";
import { didYouMean, explain } from "./problems";
import { renameKeys } from "./renamed-keys";
import { plainSecrets, readStackFile } from "./stack-file";
import { isInside } from "./values";

export type { ApiAccess, Settings };

/** The stack config as Pulumi hands it over: every key of the project, structured values as JSON text. */
export type RawConfig = Record<string, string>;

/** All problems of the stack config, which the user must correct. */
export class ConfigError extends ProblemList {
    constructor(problems: string[]) {
        super("the stack config", problems);
    }
}

/** Reads the running stack's config. No other code reads it. */
export function readSettings(project: string): Settings {
    const prefix = `${project}:`;
    const own = Object.entries(pulumi.runtime.allConfig()).filter(([key]) => key.startsWith(prefix));
    const raw = Object.fromEntries(own.map(([key, value]) => [key.slice(prefix.length), value]));
    // The token is read only where the option or exposure uses it.
    const api = raw.option === "cloudflare" || raw.exposure === "tunnel" ? cloudflareApi() : undefined;
    const inPlain = plainSecrets(readStackFile(pulumi.getStack()));
    const isSecret = (key: string, value?: unknown) => secretKeys().includes(prefix + key) && !inPlain(value);
    return parse(raw, isSecret, new Date(), api);
}

/** How the provider, and therefore also the preflight check, reaches the Cloudflare API. */
export function cloudflareApi(): ApiAccess {
    return readApiAccess((key) => secretKeys().includes(key));
}

/**
 * The language host passes the names of encrypted keys in this variable (RunRequest.configSecretKeys of Pulumi's
 * protocol); the SDK's function for it is internal.
 */
function secretKeys(): string[] {
    return JSON.parse(process.env.PULUMI_CONFIG_SECRET_KEYS ?? "[]") as string[];
}

/**
 * Checks a stack config and gives it the shape the components take.
 * @param isSecret whether a key is stored encrypted; Pulumi calls a mapping secret as soon as one value in it is, so
 * the second argument asks about one value
 * @param today decides which credentials have expired
 * @param api how the Cloudflare API is reached; unset: it is not checked
 * @param folder where the stack file is: files that it names begin there
 * @param callers text of the file of `consumersFile`. Unset: it is read
 * @throws ConfigError naming every problem at once.
 */
export function parse(
    raw: RawConfig,
    isSecret: (key: string, value?: unknown) => boolean = () => true,
    today = new Date(),
    api?: ApiAccess,
    folder = ".",
    callers?: string,
): Settings {
    const values = Object.fromEntries(Object.entries(raw).map(([key, text]) => [key, valueOf(text, key)]));
    const { consumers = [], consumersFile: name } = values;
    const context = { isSecret, today, api, folder };
    // The schema reports other problems of these keys.
    if (typeof name !== "string" || !isInside(name) || !Array.isArray(consumers)) return parseValues(values, context);
    const file = callers === undefined ? readCallersFile(name, folder) : parseCallersFile(callers, name);
    const problems = [...file.problems];
    try {
        const all = { ...values, consumers: [...(consumers as unknown[]), ...file.callers] };
        const settings = parseValues(all, context);
        if (problems.length === 0) return settings;
    } catch (error) {
        if (!(error instanceof ConfigError)) throw error;
        problems.push(...placedInFile(error.problems, consumers.length, name));
    }
    throw new ConfigError(problems);
}

function parseValues(given: Record<string, unknown>, context: CheckContext): Settings {
    const wrong = optionProblem(given.option);
    // A stack without a valid option is checked as the first option, so that its other problems are reported too.
    const option = wrong === undefined ? (given.option as Option) : OPTIONS[0];
    const { values, problems: old } = renameKeys(given, option);
    const { schema, read } = DEFINITIONS[option];
    const { issues, settings } = read(values, context);
    const owners = ownersOfOthers(option);
    const explained = issues.flatMap((issue) => explain(issue, values, schema, owners));
    const all = [...(wrong === undefined ? [] : [wrong]), ...old, ...explained];
    if (all.length > 0 || settings === undefined) throw new ConfigError(all);
    return settings();
}

function optionProblem(option: unknown): string | undefined {
    if (OPTIONS.includes(option as Option)) return undefined;
    if (option === undefined) return "option: required. Run: pulumi config set option intra-a";
    return `option: must be one of ${OPTIONS.join(", ")} (got ${JSON.stringify(option)}).${didYouMean(String(option), OPTIONS) || " Choose one."}`;
}

/** Keys whose value is a text, whatever it looks like. */
const TEXTS = [
    "option",
    "of",
    "consumersFile",
    "namespace",
    "exposure",
    "account",
    "hostname",
    "certificate",
    "browserChecks",
];

/** Structured values arrive as JSON text, numbers and booleans too; anything else is a plain string. */
function valueOf(text: string, key: string): unknown {
    if (TEXTS.includes(key)) return text;
    try {
        return JSON.parse(text);
    } catch {
        return text;
    }
}
