import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { lastLines, running, spawnTracked, startGuard, waitFor } from "../processes";
import { prometheusProgram } from "../prometheus/server";
import { partLines, partsOfEnvironment, REAL_VARIABLE } from "../real/choice";
import { createFolder } from "../toolchain/folder";
import { requestTools, type RequestedTools, type Toolchain, type ToolName, worldTools } from "../toolchain/toolchain";
import { tryOut } from "../world/attempts";
import { createStack, mustPulumi } from "../world/pulumi";
import { deriveStack } from "../world/stack-facts";
import type { Say } from "../world/scene";
import { sceneOf, type SceneName } from "../world/scenes";
import {
    BUILD_SECONDS,
    ROOT,
    readFacts,
    sandboxId,
    stateDir,
    WORLD,
    writeFacts,
    writePrivate,
    type Attempt,
    type ClusterFacts,
    type PageFacts,
    type PulumiFacts,
    type WorldFacts,
} from "../world/state";
import { clear } from "./down";

/** Longest wait for the cluster and the emulators after Pulumi is built, in seconds. Measured: 8 on two cores. */
const WORLD_SECONDS = 180;

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** Starts the cluster and the emulators, runs `pulumi up` on a shipped stack file, and sends requests that prove the result. */
export async function up(options: SceneName & { detach: boolean; real?: string | true }): Promise<void> {
    const scene = sceneOf(options);
    // The emulators run in a separate process (world-process.ts). It reads this variable.
    if (options.real !== undefined) process.env[REAL_VARIABLE] = options.real === true ? "available" : options.real;
    // Throws if a requested real program is missing, before the running sandbox is ended and before tools are built.
    partsOfEnvironment();
    if (options.observe) prometheusProgram();
    const dir = stateDir();
    createFolder(dir, "ALPA_AUTH_SANDBOX_DIR", 0o700);
    const say = (line: string) => console.log(line);
    say("== tools");
    const tools = requestTools(scene.tools, { log: say });
    const ofWorld = await unlessSignalled(tools.of(worldTools(scene.tools)));
    // A running sandbox is stopped only when all tools exist. Without a running sandbox, the new one starts while
    // Pulumi is built.
    const replaces = running(dir).length > 0;
    if (replaces) await unlessSignalled(tools.of(scene.tools));
    const interrupted = new AbortController();
    for (const signal of SIGNALS) process.on(signal, () => interrupted.abort());
    if (replaces) say("== stopping the running sandbox and deleting its state");
    await clear(dir, say);
    // The state of an older sandbox is deleted, because a new sandbox does not have its objects.
    for (const name of ["backend", "stack-files", "credentials", "prometheus"])
        rmSync(join(dir, name), { recursive: true, force: true });
    const guard = await startGuard({ stateDir: dir, sandboxId: sandboxId(dir) });
    try {
        say("== world");
        const world = await startWorldProcess(dir, options, ofWorld, tools, interrupted.signal);
        for (const line of partLines(world.facts.parts, world.facts.olderProvider)) say(`   ${line}`);
        say(`== pulumi up, stack ${options.stack}`);
        await bringUp(dir, world.facts, options, say, interrupted.signal);
        say("== try it");
        await show(dir, say);
        const page = readFacts<PageFacts>(dir, "page");
        if (page !== undefined) say(`\nStatus page with live requests: ${page.url}`);
        const { prometheus } = world.facts as ClusterFacts;
        if (prometheus !== undefined) say(`\n${observedLines(prometheus)}`);
        const hint = scene.hint?.(world.facts);
        if (hint !== undefined) say(`\n${hint}`);
        if (options.detach) {
            await guard.release(world.pid);
            say("\nThe sandbox runs until you run: npm run sandbox -- down");
            process.exit(0);
        }
        say(
            '\nThe sandbox runs until Ctrl-C. In another terminal: eval "$(npm run -s sandbox -- env)" && pulumi preview -s ' +
                options.stack,
        );
        // Without a timer, Node.js would end, because nothing else keeps it running.
        const awake = setInterval(() => undefined, 60_000);
        await new Promise<void>((resolve) => {
            if (interrupted.signal.aborted) resolve();
            interrupted.signal.addEventListener("abort", () => resolve());
            void world.exited.then(() => resolve());
        });
        clearInterval(awake);
        say("\n== ending");
    } finally {
        await clear(dir, say);
        await guard.stop();
    }
    process.exit(0);
}

/** Address of Prometheus, and a command to try with it. */
function observedLines(address: string): string {
    return `Prometheus: ${address}, with the alerts loaded. To count the requests of the last hour by caller, run: eval "$(npm run -s sandbox -- env)" && npm run ops -- consumer usage --since 1h --prometheus ${address}`;
}

/** Waits for tools. An interrupt ends `up` at once; the next run starts the download or build again. */
async function unlessSignalled<T>(tools: Promise<T>): Promise<T> {
    const leave = () => process.exit(130);
    for (const signal of SIGNALS) process.on(signal, leave);
    const found = await tools;
    for (const signal of SIGNALS) process.off(signal, leave);
    return found;
}

/**
 * Starts the process with the cluster and the emulators. As soon as Pulumi is built, writes the path of Pulumi to a
 * file that this process reads.
 */
async function startWorldProcess(
    dir: string,
    name: SceneName,
    ofWorld: Toolchain<ToolName>,
    tools: RequestedTools,
    signal: AbortSignal,
) {
    const { stack, exposure, option, loadSeconds, observe } = name;
    const logFile = join(dir, "logs", "world.log");
    rmSync(logFile, { force: true });
    const world = await spawnTracked({
        name: WORLD,
        command: process.execPath,
        args: [
            ...[`--require=${require.resolve("tsx/cjs")}`, join(__dirname, "../world-process.ts")],
            ...[dir, JSON.stringify({ stack, exposure, option, loadSeconds, observe })],
            JSON.stringify(ofWorld),
        ],
        logFile,
        stateDir: dir,
    });
    let ended = false;
    void world.exited.then(() => (ended = true));
    let shown = 0;
    const progress = () => {
        const lines = readFileSync(logFile, "utf8").split("\n");
        lines.slice(shown, -1).forEach((line) => console.log(`   ${line}`));
        shown = lines.length - 1;
        return ended || signal.aborted;
    };
    const until = (what: string, done: () => boolean, seconds: number) =>
        waitFor(what, () => progress() || done(), { seconds });
    let built = false;
    const pulumi = tools.of(sceneOf(name).tools).then((all) => {
        writeFacts(dir, "pulumi", all satisfies PulumiFacts);
        built = true;
    });
    await Promise.race([pulumi, until("Pulumi to be built", () => built, BUILD_SECONDS)]).catch((error: Error) => {
        // Ctrl-C also makes the build fail. The interrupt is reported instead of this failure.
        throw signal.aborted ? new Error("interrupted") : error;
    });
    await until("the sandbox to be ready", () => readFacts(dir, "world") !== undefined, WORLD_SECONDS);
    if (signal.aborted) throw new Error("interrupted");
    if (ended)
        throw new Error(`the sandbox ended while starting. The last lines of ${logFile}:\n${lastLines(logFile)}`);
    return { pid: world.pid, exited: world.exited, facts: readFacts<WorldFacts>(dir, "world")! };
}

/** Writes the sandbox's own stack file and runs `pulumi up` on it. */
async function bringUp(dir: string, world: WorldFacts, name: SceneName, say: Say, signal: AbortSignal): Promise<void> {
    const { stack } = name;
    const scene = sceneOf(name);
    const shipped = readFileSync(join(ROOT, `Pulumi.${stack}.yaml`), "utf8");
    const { text, secrets } = await scene.layOver(shipped, world, say);
    const file = join(world.stackFiles, `Pulumi.${stack}.yaml`);
    writePrivate(file, text);
    say(`   stack file: ${file}, a copy of Pulumi.${stack}.yaml with the addresses of the sandbox`);
    await createStack(dir, world, stack);
    for (const [path, input] of Object.entries(secrets))
        await mustPulumi(dir, world, ["config", "set", "--secret", "--path", path, "--stack", stack], { input });
    // --skip-preview, because the command waits for no review, and the preview of an empty stack shows the same as the update.
    await mustPulumi(dir, world, ["up", "--yes", "--skip-preview", "--stack", stack], { onLine: say, signal });
    await Promise.all([
        deriveStack(dir, world, { stack, exposure: name.exposure, url: "", try: [] }),
        mustPulumi(dir, world, ["stack", "select", stack]),
    ]);
}

/** Sends all requests to try at once, and prints in order whether each got the expected answer. */
async function show(dir: string, say: Say): Promise<void> {
    const { try: list } = readFacts<{ try: Attempt[] }>(dir, "stack")!;
    let wrong = 0;
    const answers = list.map((attempt) => tryOut(attempt));
    for (const [i, attempt] of list.entries()) {
        const { status, body } = await answers[i];
        if (status !== attempt.expect) wrong++;
        say(`\n# ${attempt.title}: expected ${attempt.expect}\n$ ${attempt.command}\n${body}\n${status}`);
    }
    if (wrong > 0) throw new Error(`${wrong} of ${list.length} requests were not answered as expected`);
}
