import { createRequire } from "node:module";
import * as path from "node:path";
import type { RunRequest } from "@pulumi/pulumi/proto/language_pb";
import { Children } from "./children";

/** The supported part of `runtime.options` in Pulumi.yaml. */
export interface RuntimeOptions {
    /** Whether ts-node loads the program. @default true, as in the released host */
    typescript: boolean;
    /** Path of the TypeScript compiler configuration, relative to the program. @default tsconfig.json */
    tsconfig?: string;
}

/** Parses the options. @throws Error for an unsupported option */
export function readOptions(raw: Record<string, unknown>): RuntimeOptions {
    const odd = Object.keys(raw).filter((name) => !["typescript", "tsconfig", "packagemanager"].includes(name));
    if (odd.length > 0) throw new Error(`runtime.options: ${odd.join(", ")} is unsupported by the sandbox.`);
    return { typescript: true, ...raw };
}

/** Environment variables that pass the options to @pulumi/pulumi's runners. */
export const optionEnvironment = ({ typescript, tsconfig }: RuntimeOptions): NodeJS.ProcessEnv => ({
    ...(typescript && { PULUMI_NODEJS_TYPESCRIPT: "true" }),
    ...(tsconfig && { PULUMI_NODEJS_TSCONFIG_PATH: tsconfig }),
});

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
        throw new Error(`Cannot find module '${script}' from ${program}. Run in that folder: npm ci`);
    }
}

/** Arguments of the runner. They contain no secrets. */
function runArguments(request: RunRequest, engine: string): string[] {
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
        info?.getEntryPoint() || request.getProgram() || ".",
        ...request.getArgsList(),
    ];
}

export async function runProgram(
    request: RunRequest,
    options: RuntimeOptions,
    children: Children,
    engine: string,
): Promise<RunOutcome> {
    const folder = request.getInfo()?.getProgramDirectory() || request.getPwd();
    const script = locate("@pulumi/pulumi/cmd/run", folder);
    // The program writes to this process's stdout and stderr, which the engine shows.
    const child = children.startNode([script, ...runArguments(request, engine)], {
        cwd: request.getPwd(),
        env: {
            ...process.env,
            // The configuration is in the environment, because every user of the machine can read a command line.
            PULUMI_CONFIG: JSON.stringify(Object.fromEntries(request.getConfigMap().getEntryList())),
            PULUMI_CONFIG_SECRET_KEYS: JSON.stringify(request.getConfigsecretkeysList()),
            ...optionEnvironment(options),
        },
        stdio: ["ignore", "inherit", "inherit"],
    });
    const { code, signal } = await Children.ended(child);
    if (code === 0) return { error: "", bail: false };
    if (code === ALREADY_REPORTED) return { error: "", bail: true };
    const how = code === undefined ? `unexpectedly: signal: ${signal}` : `with non-zero exit code: ${code}`;
    return { error: `Program exited ${how}`, bail: false };
}
