/** Program of the guard, which guard.ts describes. Its arguments are the state directory and the id of the sandbox. */
import { identify, isAlive } from "./identity";
import { endOrphanPlugins } from "./orphan-plugins";
import { removeFromLedger } from "./ledger";
import { stopAll } from "./stop";

const [stateDir, sandboxId] = process.argv.slice(2);
let released = false;
let ending = false;

process.on("SIGINT", () => undefined); // Ctrl-C ends the command, which closes the channel
process.on("SIGHUP", () => undefined); // a closed terminal ends the command too
process.on("SIGTERM", () => process.exit(0)); // `down` sends this signal last

process.on("message", ({ watch }: { watch: number }) => {
    released = true;
    watchProcess(watch);
    answer();
});
process.on("disconnect", () => {
    if (!released) void endEverything("the command that started the sandbox has ended");
});
answer();

/** The command may have ended meanwhile, which is no error. */
function answer(): void {
    process.send?.("done", () => undefined);
}

// Keeps this process alive after the channel is closed. `down` ends it.
setInterval(() => undefined, 2 ** 30);

function watchProcess(pid: number): void {
    const world = identify(pid);
    // Polls every 250 ms, because no event reports the end of a process that is not a child.
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
