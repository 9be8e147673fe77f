import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { readCallersFile } from "../../config/keys/consumers/file";
import { PROJECT } from "../../config/stack-file";
import { isInside } from "../../config/values";
import type { Identity } from "../../components/records/record-rules";
import type { TokenPair } from "../../components/cloudflare/service-tokens";
import { stackFlag } from "../arguments";
import { ROOT, type Context } from "../context";
import { UsageError } from "../errors";
import { ask, jsonObject } from "./pulumi";
import { parseYaml } from "./yaml-edit";

/** A stack and the file of its config. */
export interface Stack {
    /** Name for Pulumi, possibly with organization and project. */
    name: string;
    /** Last part of the name, which is part of file names. */
    short: string;
    file: string;
    text: string;
    /** ` --stack <name>` for suggested commands; empty if the command got no `--stack`. */
    flag: string;
    /** The file of key `consumersFile`. Unset if only the stack file lists callers. */
    callers?: CallersFile;
}

/** A file with callers, in addition to those of the stack file. */
export interface CallersFile {
    /** Name in the config, relative to the folder of Pulumi.yaml. */
    name: string;
    file: string;
    text: string;
}

/** @param option value of `--stack`. Default: the stack that Pulumi has selected */
export async function findStack(context: Context, option: string | undefined): Promise<Stack> {
    const name = option ?? (await selected(context));
    const short = name.split("/").pop()!;
    // The name becomes part of a path, so only characters of a stack name are allowed.
    if (!/^[\w-][\w.-]*$/.test(short))
        throw new UsageError([
            `--stack: must be the name of a stack (got ${JSON.stringify(name)}). See: pulumi stack ls`,
        ]);
    const file = join(context.folder, `Pulumi.${short}.yaml`);
    if (!statSync(file, { throwIfNoEntry: false })?.isFile())
        throw new UsageError([`--stack: ${short} has no stack file ${file}. See: pulumi stack ls`]);
    const text = readFileSync(file, "utf8");
    return { name, short, file, text, flag: stackFlag({ stack: option }), ...callersFileOf(text, context.program) };
}

/**
 * Name of the callers file; undefined if there is none. Other checks report problems of this name or of the stack file.
 */
function callersFileName(text: string): string | undefined {
    // Checked before the text is parsed, which takes half a second for a thousand callers: most stacks have no callers file.
    if (!text.includes("consumersFile")) return undefined;
    try {
        const { config } = parseYaml(text).toJS() as { config?: Record<string, unknown> };
        const name = config?.[`${PROJECT}:consumersFile`] ?? config?.consumersFile;
        return typeof name === "string" && isInside(name) ? name : undefined;
    } catch (error) {
        if (error instanceof UsageError) return undefined;
        throw error;
    }
}

/**
 * Reads the callers file of a stack from the path from which the Pulumi program reads it.
 * @throws UsageError if it cannot be used: without it, live callers would look unknown
 */
export function callersFileOf(text: string, program = ROOT): { callers?: CallersFile } {
    const name = callersFileName(text);
    if (name === undefined) return {};
    const { problems } = readCallersFile(name, program);
    if (problems.length > 0) throw new UsageError(problems);
    const file = join(program, name);
    return { callers: { name, file, text: readFileSync(file, "utf8") } };
}

async function selected({ pulumi }: Context): Promise<string> {
    const { code, stdout } = await pulumi(["stack", "--show-name"]);
    const name = stdout.trim();
    if (code === 0 && name !== "") return name;
    throw new UsageError(["--stack: required while Pulumi has no stack selected. See: pulumi stack ls"]);
}

/** The outputs of a stack that the commands use. */
export interface Outputs {
    url?: string;
    /** Key by `<consumer>/<credential>`. */
    credentials: Record<string, string>;
    /** Secret that signs HS256 tokens, by `<consumer>/<credential>`. */
    jwtSecrets: Record<string, string>;
    /** Service token by `<consumer>/<credential>`. */
    serviceTokens: Record<string, TokenPair>;
    /** Expiry date by `<consumer>/<credential>`, if any. For a service token, Cloudflare's date if it is earlier. */
    expires: Record<string, string>;
    /** What the stack is bound to, by name. Unset before the first update. */
    identity?: Record<string, Identity>;
    /** Only with option intra-b. */
    conversion?: ConversionOutput;
}

/** Output of a stack of option intra-b about its conversion. */
interface ConversionOutput {
    phase: string;
    /** Route to the component that only the verifier may use. */
    verification?: { url: string; key: string };
}

/**
 * Reads the outputs with their secrets through a pipe, so that only this process has them. @param signal aborts the read
 */
export async function readOutputs({ pulumi }: Context, stack: Stack, signal?: AbortSignal): Promise<Outputs> {
    const text = await ask(pulumi, ["stack", "output", "--json", "--show-secrets", "--stack", stack.name], { signal });
    const { credentials = {}, ...rest } = jsonObject<PrintedOutputs>(text, "pulumi stack output");
    const pairs = Object.entries(credentials);
    return {
        jwtSecrets: {},
        expires: {},
        ...rest,
        credentials: Object.fromEntries(pairs.filter((p): p is [string, string] => typeof p[1] === "string")),
        serviceTokens: Object.fromEntries(pairs.filter((p): p is [string, TokenPair] => typeof p[1] === "object")),
    };
}

type PrintedOutputs = Omit<Partial<Outputs>, "credentials" | "serviceTokens"> & {
    credentials?: Record<string, string | TokenPair>;
};
