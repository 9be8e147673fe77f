/** Running Pulumi on a sandbox: its environment, and the `pulumi` command for users. */
import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { COMPILE_CACHE, PROVIDER_ENV } from "../../ops/stack/pulumi";
import { SANDBOX_MARK } from "../processes";
import { apiTokenFile, ROOT, sandboxId, writePrivate, type WorldFacts } from "./state";

/** Commands that read the stack's config, and accept `--config-file`. */
const READ_CONFIG = ["preview", "up", "update", "refresh", "destroy", "import", "config", "watch"];

/** Variables for `pulumi`, whether a user or the sandbox runs it. */
export function pulumiEnv(dir: string, world: WorldFacts): Record<string, string> {
    return {
        PATH: [world.bin, world.pluginDir, process.env.PATH].filter((p) => p !== undefined).join(delimiter),
        ...(world.kubeconfig ? { KUBECONFIG: world.kubeconfig } : {}),
        ...(world.cloudflare
            ? {
                  CLOUDFLARE_BASE_URL: world.cloudflare.api,
                  CLOUDFLARE_API_TOKEN: readFileSync(apiTokenFile(dir), "utf8"),
                  // The operators' commands send requests to the edge there, because its name is not in DNS, and it has no TLS.
                  ALPA_AUTH_CONNECT_TO: world.cloudflare.edge,
              }
            : {}),
        // The operators' commands edit the sandbox's stack files, never the shipped ones.
        ALPA_AUTH_STACK_FILES: world.stackFiles,
        PULUMI_BACKEND_URL: `file://${backend(dir)}`,
        PULUMI_CONFIG_PASSPHRASE_FILE: passphraseFile(dir),
        PULUMI_HOME: pulumiHome(dir),
        PULUMI_SKIP_UPDATE_CHECK: "1",
        // With an installed official Pulumi, its engine downloads its own plugins.
        ...(world.pluginDir ? { PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "1" } : {}),
        // Pulumi's switch for plugins that are not released: no warning in each run that the provider is older than its SDK (pulumi,
        // pkg/host/host.go). `up` and `status` name its version. The switch changes no other command that the sandbox runs.
        ...(world.olderProvider ? { PULUMI_DEV: "true" } : {}),
        ...COMPILE_CACHE,
        ...PROVIDER_ENV,
        [SANDBOX_MARK]: sandboxId(dir),
    };
}

/** Creates the folders and files in the environment. */
export function preparePulumi(dir: string, world: Pick<WorldFacts, "bin" | "pulumi" | "stackFiles">): void {
    mkdirSync(backend(dir), { recursive: true, mode: 0o700 });
    mkdirSync(world.stackFiles, { recursive: true, mode: 0o700 });
    if (!existsSync(passphraseFile(dir))) writePrivate(passphraseFile(dir), randomBytes(24).toString("base64url"));
    mkdirSync(world.bin, { recursive: true, mode: 0o700 });
    const wrapper = join(world.bin, "pulumi");
    writeFileSync(wrapper, renderWrapper(world.pulumi, world.stackFiles));
    chmodSync(wrapper, 0o755);
    // Marks the folder as not an installed Pulumi, for the toolchain.
    writeFileSync(join(world.bin, ".alpa-auth-sandbox"), `${ROOT}\n`);
}

/**
 * A `pulumi` that runs the real one with the sandbox's own stack file, which Pulumi accepts only as an argument. Otherwise it
 * would write to the shipped one.
 */
function renderWrapper(pulumi: string, stackFiles: string): string {
    return `#!/bin/sh
# The real pulumi, with the sandbox's own stack file instead of the shipped one.

# The selected stack. pulumi takes 0.1 s to name it, so its files are read, of which each folder has one. If they name several
# stacks, pulumi is asked.
selected() {
    names=$(sed -n 's|.*"organization/alpa-auth/\\([^"]*\\)".*|\\1|p' "$PULUMI_HOME"/workspaces/*.json 2>/dev/null | sort -u)
    case "\${PULUMI_STACK:+ }$names" in
        "" | *[!A-Za-z0-9._-]*) '${pulumi}' stack --show-name 2>/dev/null ;;
        *) echo "$names" ;;
    esac
}

stack=
previous=
for word in "$@"; do
    case "$word" in
        --config-file|--config-file=*) exec '${pulumi}' "$@" ;;
        --stack=*) stack="\${word#--stack=}" ;;
        *) case "$previous" in -s|--stack) stack="$word" ;; esac ;;
    esac
    previous="$word"
done
case "$1" in
    ${READ_CONFIG.join("|")})
        [ -n "$stack" ] || stack=$(selected)
        file='${stackFiles}'/Pulumi."$stack".yaml
        [ -f "$file" ] && exec '${pulumi}' "$@" --config-file "$file" ;;
esac
exec '${pulumi}' "$@"
`;
}

export interface PulumiRun {
    code: number;
    stdout: string;
    stderr: string;
}

/**
 * Creates a stack. Pulumi writes the salt of its secrets to the stack file in the current folder, so that is the folder of the
 * sandbox's stack files, not the clone.
 */
export async function createStack(dir: string, world: WorldFacts, stack: string): Promise<void> {
    writePrivate(join(world.stackFiles, "Pulumi.yaml"), readFileSync(join(ROOT, "Pulumi.yaml"), "utf8"));
    await mustPulumi(dir, world, ["-C", world.stackFiles, "stack", "init", stack]);
}

/** Runs `pulumi` and returns its output. @throws Error with its messages after a failure or an interrupt */
export async function mustPulumi(
    dir: string,
    world: WorldFacts,
    args: string[],
    options: RunOptions = {},
): Promise<string> {
    const run = await runPulumi(dir, world, args, options);
    if (options.signal?.aborted) throw new Error("interrupted");
    if (run.code !== 0) throw new Error(`pulumi ${args.join(" ")} ended with ${run.code}.\n${run.stderr.trim()}`);
    return run.stdout;
}

export interface RunOptions {
    onLine?: (line: string) => void;
    env?: Record<string, string>;
    /** Standard input, for a value that no command line may have. @default empty */
    input?: string;
    /** Interrupts Pulumi, as Ctrl-C does. */
    signal?: AbortSignal;
    onStart?: (pid: number) => void;
}

/** Runs the real `pulumi` in the clone and collects its output. */
export async function runPulumi(
    dir: string,
    world: WorldFacts,
    args: string[],
    options: RunOptions = {},
): Promise<PulumiRun> {
    const child = spawn(join(world.bin, "pulumi"), args, {
        cwd: ROOT,
        env: { ...process.env, ...pulumiEnv(dir, world), ...options.env },
        stdio: ["pipe", "pipe", "pipe"],
        signal: options.signal,
        killSignal: "SIGINT",
    });
    child.stdin.on("error", () => undefined).end(options.input);
    if (child.pid !== undefined) options.onStart?.(child.pid);
    const run = { code: -1, stdout: "", stderr: "" };
    for (const stream of ["stdout", "stderr"] as const) {
        let rest = "";
        child[stream].setEncoding("utf8").on("data", (text: string) => {
            run[stream] += text;
            const lines = (rest + text).split("\n");
            rest = lines.pop()!;
            lines.forEach((line) => options.onLine?.(line));
        });
    }
    run.code = await new Promise<number>((resolve, reject) => {
        child.on("error", (error) => (error.name === "AbortError" ? undefined : reject(error)));
        child.on("close", (code, signal) => resolve(code ?? (signal ? 128 : 1)));
    });
    return run;
}

/** Pulumi's home folder of the sandbox, so that the user's is not changed. */
export function pulumiHome(dir: string): string {
    return join(dir, "pulumi-home");
}

/** When Pulumi last wrote the state of a stack, in milliseconds since 1970; undefined if the stack does not exist. */
export function stateWrittenAt(dir: string, stack: string): number | undefined {
    return statSync(join(backend(dir), ".pulumi/stacks/alpa-auth", `${stack}.json`), { throwIfNoEntry: false })
        ?.mtimeMs;
}

/** Whether a run of Pulumi holds the lock of a stack, so that its state is still changing. */
export function isLocked(dir: string, stack: string): boolean {
    const locks = join(backend(dir), ".pulumi/locks/organization/alpa-auth", stack);
    return existsSync(locks) && readdirSync(locks).length > 0;
}

function backend(dir: string): string {
    return join(dir, "backend");
}

function passphraseFile(dir: string): string {
    return join(dir, "passphrase");
}
