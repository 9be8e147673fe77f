import { getStack } from "@pulumi/pulumi/metadata";
import { allConfig } from "@pulumi/pulumi/runtime/config";
import { readApiAccess, type ApiAccess } from "./api-access";
import { parseCallersFile, pathTextWithFile, readCallersFile } from "./keys/consumers/file";
import { authenticatorOf, DEFINITIONS, OPTIONS, ownersOfOthers, type Option, type Settings } from "./options";
import type { CheckContext } from "./cross-check";
import { ProblemList } from "./problem-list";
import { didYouMean, explain, pathText } from "./problems";
import { plainSecrets, readStackFile } from "./stack-file";
import { isInside } from "./values";

export type { ApiAccess, Settings };

/** The stack config as Pulumi passes it to the program: every key of the project, with structured values as JSON text. */
export type RawConfig = Record<string, string>;

/** All problems of the stack config, which the user must correct. */
export class ConfigError extends ProblemList {
    constructor(problems: string[]) {
        super("the stack config", problems);
    }
}

/** Reads the running stack's config. No other code reads the config. */
export function readSettings(project: string): Settings {
    const prefix = `${project}:`;
    const own = Object.entries(allConfig()).filter(([key]) => key.startsWith(prefix));
    const raw = Object.fromEntries(own.map(([key, value]) => [key.slice(prefix.length), value]));
    // The token is read only for options and exposures that use the Cloudflare API.
    const api = authenticatorOf(raw.option) === "edge" || raw.exposure === "tunnel" ? cloudflareApi() : undefined;
    const inPlain = plainSecrets(readStackFile(getStack()));
    const isSecret = (key: string, value?: unknown) => secretKeys().includes(prefix + key) && !inPlain(value);
    return parse(raw, isSecret, new Date(), api);
}

/** Access to the Cloudflare API for the provider and the preflight checks. */
export function cloudflareApi(): ApiAccess {
    return readApiAccess(allConfig(), (key) => secretKeys().includes(key));
}

/**
 * Reads the names of encrypted keys from the environment variable of the language host (RunRequest.configSecretKeys of
 * Pulumi's protocol), since the SDK's function for it is internal.
 */
function secretKeys(): string[] {
    return JSON.parse(process.env.PULUMI_CONFIG_SECRET_KEYS ?? "[]") as string[];
}

/**
 * Checks a stack config and converts it into settings of the components.
 * @param isSecret whether a key is stored encrypted. The second argument selects one value of a mapping, since Pulumi marks
 * a whole mapping as secret if one of its values is encrypted
 * @param today decides which credentials have expired
 * @param api access to the Cloudflare API. Default: none; the check of the API token is then skipped
 * @param folder folder of the stack file, the base of relative paths in that file
 * @param callers text of the callers file. Default: read from the file
 * @throws ConfigError with all problems
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
    const context = { isSecret, today, api, folder, textOf: pathText };
    // The schema reports an invalid `consumersFile` or `consumers`. The file can be merged only if both are valid.
    if (typeof name !== "string" || !isInside(name) || !Array.isArray(consumers)) return parseValues(values, context);
    const file = callers === undefined ? readCallersFile(name, folder) : parseCallersFile(callers, name);
    const all = { ...values, consumers: [...(consumers as unknown[]), ...file.callers] };
    return parseValues(all, { ...context, textOf: pathTextWithFile(name, consumers.length) }, file.problems);
}

/** @param ofFile problems of the callers file */
function parseValues(values: Record<string, unknown>, context: CheckContext, ofFile: string[] = []): Settings {
    const wrong = optionProblem(values.option);
    // With an invalid option, the schema of the first option checks the values, so that their problems are reported too.
    const option = wrong === undefined ? (values.option as Option) : OPTIONS[0];
    const { schema, read } = DEFINITIONS[option];
    const { issues, settings } = read(values, context);
    const owners = ownersOfOthers(option);
    const explained = issues.flatMap((issue) => explain(issue, values, schema, owners, context.textOf));
    const all = [...ofFile, ...(wrong === undefined ? [] : [wrong]), ...explained];
    if (all.length > 0 || settings === undefined) throw new ConfigError(all);
    return settings();
}

function optionProblem(option: unknown): string | undefined {
    if (OPTIONS.includes(option as Option)) return undefined;
    if (option === undefined) return "option: required. Run: pulumi config set option intra-a";
    return `option: must be one of ${OPTIONS.join(", ")} (got ${JSON.stringify(option)}).${didYouMean(String(option), OPTIONS) || " Choose one."}`;
}

/** Keys whose value is always a text, even if it looks like JSON. */
const TEXTS = ["option", "consumersFile", "namespace", "exposure", "account", "hostname", "browserChecks", "teamName"];

/** Parses a value: structured values, numbers and booleans are JSON text, and all others are plain strings. */
function valueOf(text: string, key: string): unknown {
    if (TEXTS.includes(key)) return text;
    try {
        return JSON.parse(text);
    } catch {
        return text;
    }
}
