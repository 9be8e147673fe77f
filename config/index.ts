import * as pulumi from "@pulumi/pulumi";
import { apiProblems, readApiAccess, type ApiAccess } from "./api-access";
import { azureChecks } from "./keys/exposure/azure-checks";
import { callersChecks } from "./options/callers/schema";
import { parseCallersFile, placedInFile, readCallersFile } from "./keys/consumers/file";
import { callersSettings, type CallersSettings } from "./options/callers/settings";
import { cloudflareChecks, zoneData } from "./options/cloudflare/checks";
import { cloudflareSettings, type CloudflareSettings } from "./options/cloudflare/settings";
import { clusterChecks } from "./keys/cluster/checks";
import { crossChecks } from "./cross-checks";
import { exposureChecks, ofTheExposure } from "./keys/exposure/checks";
import { exposedInterSchema, interSchema } from "./options/inter/schema";
import { interChecks } from "./options/inter/checks";
import { interSettings, type InterSettings } from "./options/inter/settings";
import { exposedIntraSchema, intraSchema } from "./options/intra-a/schema";
import { exposedIntraBSchema, intraBSchema } from "./options/intra-b/schema";
import { intraBChecks } from "./options/intra-b/checks";
import { intraBSettings, type IntraBSettings } from "./options/intra-b/settings";
import { intraSettings, type IntraASettings } from "./options/intra-a/settings";
import { didYouMean, explain } from "./problems";
import { OPTIONS, ownersOfOthers, schemas, type Option } from "./schema";
import { plainSecrets, readStackFile } from "./stack-file";
import { isInside } from "./values";
import { ProblemList } from "./problem-list";

export type { ApiAccess, CallersSettings, CloudflareSettings, InterSettings, IntraASettings, IntraBSettings };

/** Everything a program run needs to know. A new option becomes a member of this union, and `index.ts` stops compiling until it has a case. */
export type Settings = IntraASettings | IntraBSettings | InterSettings | CloudflareSettings | CallersSettings;

/** The stack config as Pulumi hands it over: every key of the project, structured values as JSON text. */
export type RawConfig = Record<string, string>;

/** All that is wrong with the stack config: the user's fault. */
export class ConfigError extends ProblemList {
    constructor(problems: string[]) {
        super("the stack config", problems);
    }
}

/** Reads the running stack's config. The only place that does. */
export function readSettings(project: string): Settings {
    const prefix = `${project}:`;
    const own = Object.entries(pulumi.runtime.allConfig()).filter(([key]) => key.startsWith(prefix));
    const raw = Object.fromEntries(own.map(([key, value]) => [key.slice(prefix.length), value]));
    // Of an option that is not chosen no secret is read.
    const api = [raw.option, raw.exposure].includes("cloudflare") ? cloudflareApi() : undefined;
    const inPlain = plainSecrets(readStackFile(pulumi.getStack()));
    const isSecret = (key: string, value?: unknown) => secretKeys().includes(prefix + key) && !inPlain(value);
    return parse(raw, isSecret, new Date(), api);
}

/** How the Cloudflare API is reached by the provider, and so by the checks before it. */
export function cloudflareApi(): ApiAccess {
    return readApiAccess((key) => secretKeys().includes(key));
}

/**
 * The language host names the encrypted keys here (RunRequest.configSecretKeys of Pulumi's protocol); the SDK's own question
 * for it is internal.
 */
function secretKeys(): string[] {
    return JSON.parse(process.env.PULUMI_CONFIG_SECRET_KEYS ?? "[]") as string[];
}

/**
 * Checks a stack config and gives it the shape the components take.
 * @param isSecret whether a key is stored encrypted; Pulumi calls a mapping secret as soon as a part of it is,
 *   so it may be asked about that part alone
 * @param today decides which credentials have expired
 * @param api how the Cloudflare API is reached; unset: it is not looked at
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
    // What else is wrong there, the schema says.
    if (typeof name !== "string" || !isInside(name) || !Array.isArray(consumers))
        return parseValues(values, isSecret, today, api, folder);
    const file = callers === undefined ? readCallersFile(name, folder) : parseCallersFile(callers, name);
    const problems = [...file.problems];
    try {
        const all = { ...values, consumers: [...(consumers as unknown[]), ...file.callers] };
        const settings = parseValues(all, isSecret, today, api, folder);
        if (problems.length === 0) return settings;
    } catch (error) {
        if (!(error instanceof ConfigError)) throw error;
        problems.push(...placedInFile(error.problems, consumers.length, name));
    }
    throw new ConfigError(problems);
}

function parseValues(
    values: Record<string, unknown>,
    isSecret: (key: string, value?: unknown) => boolean,
    today: Date,
    api: ApiAccess | undefined,
    folder: string,
): Settings {
    const wrong = optionProblem(values.option);
    // A stack without an option is checked as the first of them, so that what else is wrong is said too.
    const option = wrong === undefined ? (values.option as Option) : "intra-a";
    const problems = wrong === undefined ? [] : [wrong];
    const check = <T>(result: { success: boolean; data?: T; error?: { issues: Parameters<typeof explain>[0][] } }) => {
        const owners = ownersOfOthers(option);
        problems.push(
            ...(result.error?.issues ?? []).flatMap((issue) => explain(issue, values, schemas[option], owners)),
        );
        return result.data;
    };
    if (option === "cloudflare") {
        const data = check(schemas.cloudflare.safeParse(values));
        const zone = zoneData(values, folder);
        problems.push(
            ...cloudflareChecks(values, zone, isSecret, today),
            ...(api === undefined ? [] : apiProblems(api)),
        );
        if (problems.length > 0 || data === undefined) throw new ConfigError(problems);
        return cloudflareSettings(data, zone, today);
    }
    if (option === "callers") {
        const data = check(schemas.callers.safeParse(values));
        problems.push(...callersChecks(values, isSecret));
        if (problems.length > 0 || data === undefined) throw new ConfigError(problems);
        return callersSettings(data, today);
    }
    const exposed = values.exposure === "cloudflare";
    const asked = { ...ofTheExposure(values), option };
    const found = (more: string[] = []) => {
        problems.push(
            ...exposureChecks(values),
            ...azureChecks(values, isSecret, today),
            ...clusterChecks(values, (value) => isSecret("cluster", value)),
            ...more,
            ...crossChecks(option, values, isSecret),
            ...(exposed && api !== undefined ? apiProblems(api) : []),
        );
        return problems.length > 0;
    };
    if (option === "inter") {
        const data = check((exposed ? exposedInterSchema : interSchema).safeParse(asked));
        if (found(interChecks(values, isSecret)) || data === undefined) throw new ConfigError(problems);
        return interSettings(data, today);
    }
    const ofB = intraBChecks({ ...values, option }, (value) => isSecret("convert", value));
    if (option === "intra-b") {
        const data = check((exposed ? exposedIntraBSchema : intraBSchema).safeParse(asked));
        if (found(ofB) || data === undefined) throw new ConfigError(problems);
        return intraBSettings(data, today);
    }
    const data = check((exposed ? exposedIntraSchema : intraSchema).safeParse(asked));
    if (found(ofB) || data === undefined) throw new ConfigError(problems);
    return intraSettings(data, today);
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
