import type { Host } from "../../hosts";
import { type Output, run } from "../../plugins/command/ssh";

/** Runs a command line on a host over SSH. @throws Error with its exit code and output */
export function on(host: Host, command: string, stdin = "", user = "ops"): Promise<Output> {
    const { address, port, privateKey, hostKey } = host;
    const connection = { host: address, port, user, privateKey, hostKey, dialErrorLimit: 0, perDialTimeout: 30 };
    return run({ connection, command, stdin });
}
