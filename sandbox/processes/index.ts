/** Supervision of the processes of a sandbox: none remains after Ctrl-C, kill -9 or a second `up`. */
export { startGuard, type Guard, type GuardOptions } from "./guard";
export { endOrphanPlugins, findOrphanPlugins, type OrphanPlugin } from "./orphan-plugins";
export { describeHolder, freePort, freePortFrom, whoHolds, type PortHolder } from "./ports";
export { SANDBOX_MARK } from "./proc-table";
export { lastLines, spawnTracked, type SpawnOptions, type TrackedProcess } from "./spawn";
export { endProcess, running, stopAll, type StopOptions } from "./stop";
export { pause, waitFor, type WaitLimits } from "./wait";
