import { createRequire } from "node:module";
import * as path from "node:path";
import type { RunRequest } from "@pulumi/pulumi/proto/language_pb";
import { Children } from "./children";
import type { RuntimeOptions } from "./options";

/** Exit code of @pulumi/pulumi's runner after a failure that it has already printed. */
const ALREADY_REPORTED = 32;

interface RunOutcome {
    /** Error message for the engine; empty after success. */
    error: string;
    /** Whether the program failed and has already printed its error. If so, the engine stops without a message. */
    bail: boolean;
}

/** Finds a script in the program's own copy of @pulumi/pulumi. */
export function locate(script: string, program: string): string {
    try {
        return createRequire(path.join(program, "index.js")).resolve(script);
    } catch {
        throw new Error(
            `Cannot find module '${script}' from ${program}: the program's packages are not installed. ` +
                `Run: npm ci (in that folder)`,
        );
    }
}

/** Arguments of the runner. They contain no secrets. */
function runArguments(request: RunRequest, engine: string, program: string): string[] {
    const info = request.getInfo();
    const flags: [name: string, value: string | undefined][] = [
        ["monitor", request.getMonitorAddress()],
        ["engine", engine],
        ["organization", request.getOrganization()],
        ["project", request.getProject()],
        ["root-directory", info?.getRootDirectory()],
        ["stack", request.getStack()],
        ["pwd", request.getPwd()],
        ["parallel", String(request.getParallel())],
    ];
    return [
        ...flags.flatMap(([name, value]) => (value ? [`--${name}=${value}`] : [])),
        ...(request.getDryrun() ? ["--dry-run"] : []),
        program,
        ...request.getArgsList(),
    ];
}

/**
 * Environment of the program. It contains the configuration, because every user of the machine can read a command line.
 */
function runEnvironment(request: RunRequest, options: RuntimeOptions): NodeJS.ProcessEnv {
    const config = Object.fromEntries(request.getConfigMap().getEntryList());
    return {
        ...process.env,
        PULUMI_CONFIG: JSON.stringify(config),
        PULUMI_CONFIG_SECRET_KEYS: JSON.stringify(request.getConfigsecretkeysList()),
        ...optionEnvironment(options),
    };
}

/** Environment variables that pass `runtime.options` to @pulumi/pulumi's runners. */
export function optionEnvironment(options: RuntimeOptions): NodeJS.ProcessEnv {
    return {
        ...(options.typescript ? { PULUMI_NODEJS_TYPESCRIPT: "true" } : {}),
        ...(options.tsconfig ? { PULUMI_NODEJS_TSCONFIG_PATH: options.tsconfig } : {}),
    };
}

export async function runProgram(
    request: RunRequest,
    options: RuntimeOptions,
    children: Children,
    engine: string,
): Promise<RunOutcome> {
    const folder = request.getInfo()?.getProgramDirectory() || request.getPwd();
    const entry = request.getInfo()?.getEntryPoint() || request.getProgram() || ".";
    const script = locate("@pulumi/pulumi/cmd/run", folder);
    // The program writes to this process's stdout and stderr, which the engine shows.
    const child = children.startNode([script, ...runArguments(request, engine, entry)], {
        cwd: request.getPwd(),
        env: runEnvironment(request, options),
        stdio: ["ignore", "inherit", "inherit"],
    });
    const { code, signal } = await Children.ended(child);
    if (code === 0) return { error: "", bail: false };
    if (code === ALREADY_REPORTED) return { error: "", bail: true };
    if (code === undefined) return { error: `Program exited unexpectedly: signal: ${signal}`, bail: false };
    return { error: `Program exited with non-zero exit code: ${code}`, bail: false };
}
