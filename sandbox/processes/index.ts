/** Supervision of the processes of a sandbox: none remains after Ctrl-C, kill -9 or a second `up`. */
export { startGuard, type Guard } from "./guard";
export { endOrphanPlugins, findOrphanPlugins } from "./orphan-plugins";
export { describeHolder, freePort, freePortFrom, freePortRow, whoHolds } from "./ports";
export { SANDBOX_MARK } from "./proc-table";
export { lastLines, spawnTracked, type TrackedProcess } from "./spawn";
export { running, stopAll } from "./stop";
export { pause, waitFor } from "./wait";
