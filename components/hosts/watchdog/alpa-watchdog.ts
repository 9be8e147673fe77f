import * as pulumi from "@pulumi/pulumi";
import { hostCommand } from "../host-command";
import { placeOf, type SshHost } from "../ssh-host";
import { installWords, watchdogScript, type HostWatchdog } from "./scripts";

export interface AlpaWatchdogArgs {
    /** Hosts on which Alpa answers, each with the settings of its watchdog. */
    hosts: { host: SshHost; watchdog: HostWatchdog }[];
}

/**
 * A systemd timer on each host of Alpa that checks whether Alpa makes progress. It reports the result on the host, and
 * restarts Alpa's service only if configured.
 */
export class AlpaWatchdog extends pulumi.ComponentResource {
    constructor(name: string, { hosts }: AlpaWatchdogArgs, opts?: pulumi.ComponentResourceOptions) {
        super("alpa-auth:parts:AlpaWatchdog", name, {}, opts);
        for (const { host, watchdog } of hosts) {
            const script = pulumi.output(host.sudoPassword).apply((password) => watchdogScript(watchdog, password));
            hostCommand(
                `${name}-${placeOf(host)}`,
                { on: host, create: installWords(watchdog), delete: ["remove"], script },
                { parent: this },
            );
        }
        this.registerOutputs({});
    }
}
