/** Runs Pulumi on a sandbox: the environment, and the `pulumi` command for users. */
import { spawn } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import {
    chmodSync,
    existsSync,
    mkdirSync,
    readdirSync,
    readFileSync,
    realpathSync,
    statSync,
    writeFileSync,
} from "node:fs";
import { delimiter, join } from "node:path";
import { PROVIDER_ENV } from "../../ops/stack/pulumi";
import { SANDBOX_MARK } from "../processes";
import { apiTokenFile, ROOT, sandboxId, writePrivate, type WorldFacts } from "./state";

/** Commands that read the stack's config, and accept `--config-file`. */
const READ_CONFIG = ["preview", "up", "update", "refresh", "destroy", "import", "config", "watch"];

/** Environment variables of `pulumi`, for runs by the user and by the sandbox. */
export function pulumiEnv(dir: string, world: WorldFacts): Record<string, string> {
    return {
        PATH: [world.bin, world.pluginDir, process.env.PATH].filter((p) => p !== undefined).join(delimiter),
        ...(world.kubeconfig ? { KUBECONFIG: world.kubeconfig } : {}),
        ...(world.cloudflare
            ? {
                  CLOUDFLARE_BASE_URL: world.cloudflare.api,
                  CLOUDFLARE_API_TOKEN: readFileSync(apiTokenFile(dir), "utf8"),
              }
            : {}),
        // Commands of `ops` edit the stack files of the sandbox, never the shipped ones.
        ALPA_AUTH_STACK_FILES: world.stackFiles,
        // Without metadata, which has no use here: `kill -9` can leave the file with the metadata empty, and then Pulumi cannot
        // read the state (gocloud.dev blob/fileblob/attrs.go, `setAttrs`, writes it in place).
        PULUMI_BACKEND_URL: `file://${backend(dir)}?metadata=skip`,
        PULUMI_CONFIG_PASSPHRASE_FILE: passphraseFile(dir),
        PULUMI_HOME: pulumiHome(dir),
        PULUMI_SKIP_UPDATE_CHECK: "1",
        // The sandbox's own Pulumi must not download plugins. An installed official Pulumi downloads its plugins
        // itself.
        ...(world.pluginDir ? { PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "1" } : {}),
        // PULUMI_DEV is Pulumi's switch for unreleased plugins. In each run it suppresses the warning that the provider is
        // older than its SDK (pulumi, pkg/host/host.go). The sandbox shows the version in `up` and `status` instead.
        // PULUMI_DEV has no other effect on the commands that the sandbox runs.
        ...(world.olderProvider ? { PULUMI_DEV: "true" } : {}),
        ...PROVIDER_ENV,
        [SANDBOX_MARK]: sandboxId(dir),
    };
}

/** Creates the folders and files to which the variables of pulumiEnv refer. */
export function preparePulumi(dir: string, world: Pick<WorldFacts, "bin" | "pulumi" | "stackFiles">): void {
    mkdirSync(backend(dir), { recursive: true, mode: 0o700 });
    mkdirSync(world.stackFiles, { recursive: true, mode: 0o700 });
    // In a clone, git would report the folder as uncommitted changes, and the commands would refuse to change callers.
    writeFileSync(join(dir, ".gitignore"), "*\n");
    if (!existsSync(passphraseFile(dir))) writePrivate(passphraseFile(dir), randomBytes(24).toString("base64url"));
    mkdirSync(world.bin, { recursive: true, mode: 0o700 });
    const wrapper = join(world.bin, "pulumi");
    writeFileSync(wrapper, renderWrapper(world.pulumi, world.stackFiles));
    chmodSync(wrapper, 0o755);
    // This file tells the toolchain that the folder is not an installed Pulumi.
    writeFileSync(join(world.bin, ".alpa-auth-sandbox"), `${ROOT}\n`);
}

/**
 * Script `pulumi` that runs the real Pulumi with the stack file of the sandbox. Pulumi accepts the path of a stack file only as
 * an argument. Without this argument, it would write to the shipped file.
 */
function renderWrapper(pulumi: string, stackFiles: string): string {
    const root = realpathSync(ROOT);
    // The name that Pulumi gives the file of a project (pulumi, sdk/go/common/workspace/workspace.go, at 3.274.1).
    const selection = `alpa-auth-${createHash("sha1").update(join(root, "Pulumi.yaml")).digest("hex")}-workspace.json`;
    return `#!/bin/sh
# The real pulumi, with the sandbox's own stack file instead of the shipped one.

# Prints the selected stack. pulumi takes 0.1 s for that, so in the clone this reads the file in which pulumi keeps the selection.
selected() {
    [ "$(pwd -P)" = '${root}' ] && [ -z "$PULUMI_STACK" ] &&
        sed -n 's|.*"organization/alpa-auth/\\([^"]*\\)".*|\\1|p' "$PULUMI_HOME/workspaces/${selection}" 2>/dev/null | grep . ||
        '${pulumi}' stack --show-name 2>/dev/null
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
 * Creates a stack. Pulumi writes the salt of the stack's secrets to a stack file in the current folder. So that it does not
 * write into the clone, Pulumi runs in the folder of the sandbox's stack files.
 */
export async function createStack(dir: string, world: WorldFacts, stack: string): Promise<void> {
    writePrivate(join(world.stackFiles, "Pulumi.yaml"), readFileSync(join(ROOT, "Pulumi.yaml"), "utf8"));
    await mustPulumi(dir, world, ["-C", world.stackFiles, "stack", "init", stack]);
}

/** Runs `pulumi` and returns its output. @throws Error with the messages of Pulumi if it fails or is interrupted */
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
    /** Text for standard input, for example a secret, which must not be on a command line. @default empty */
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

/** Pulumi's home folder for this sandbox. The home folder of the user stays unchanged. */
export function pulumiHome(dir: string): string {
    return join(dir, "pulumi-home");
}

/** Time at which Pulumi last wrote the state of a stack, in milliseconds since 1970; undefined if the stack does not exist. */
export function stateWrittenAt(dir: string, stack: string): number | undefined {
    return statSync(join(backend(dir), ".pulumi/stacks/alpa-auth", `${stack}.json`), { throwIfNoEntry: false })
        ?.mtimeMs;
}

/** Whether a running Pulumi holds the lock of a stack, so that the state may still change. */
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
