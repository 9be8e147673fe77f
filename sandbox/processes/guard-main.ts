/** The guard's own program: see guard.ts. Arguments: state directory, id of the sandbox. */
import { createInterface } from "node:readline";
import { identify, isAlive } from "./identity";
import { endOrphanPlugins } from "./orphan-plugins";
import { removeFromLedger } from "./ledger";
import { stopAll } from "./stop";

const [stateDir, sandboxId] = process.argv.slice(2);
let released = false;
let ending = false;

/** The other end of stdout is the command line too: writing there after it went must not end us. */
process.stdout.on("error", () => undefined);
process.on("SIGINT", () => undefined); // Ctrl-C is for the command line; its going reaches us through the pipe
process.on("SIGHUP", () => undefined); // so does a closed terminal
process.on("SIGTERM", () => process.exit(0)); // `down`: everything else has been stopped

createInterface({ input: process.stdin })
    .on("line", (line) => {
        const watch = /^watch (\d+)$/.exec(line);
        if (line !== "stay" && !watch) return;
        released = true;
        if (watch) watchProcess(Number(watch[1]));
        process.stdout.write("released\n");
    })
    .on("close", () => {
        if (!released) void endEverything("the command line is gone");
    });
process.stdout.write("ready\n");

// Keeps this process alive once the pipe is closed; `down` ends it.
setInterval(() => undefined, 2 ** 30);

function watchProcess(pid: number): void {
    const world = identify(pid);
    // 250 ms: no event tells that a process which is not our child has ended; a quarter second of leftovers is nothing.
    const timer = setInterval(() => {
        if (world && isAlive(world)) return;
        clearInterval(timer);
        void endEverything(`process ${pid} is gone`);
    }, 250);
}

async function endEverything(why: string): Promise<void> {
    if (ending) return;
    ending = true;
    const log = (line: string) => process.stderr.write(`${new Date().toISOString()} ${line}\n`);
    log(`${why}: stopping the sandbox`);
    let exitCode = 0;
    try {
        await stopAll(stateDir, { log });
        await endOrphanPlugins(sandboxId);
        const self = identify(process.pid);
        if (self) removeFromLedger(stateDir, self);
        log("stopped");
    } catch (error) {
        log((error as Error).message);
        exitCode = 1;
    }
    process.exit(exitCode);
}
