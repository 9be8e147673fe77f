import * as pulumi from "@pulumi/pulumi";
import { hostCommand } from "../host-command";
import { placeOf, type SshHost } from "../ssh-host";
import { installWords, watchdogScript, type HostWatchdog } from "./scripts";

export interface AlpaWatchdogArgs {
    /** Hosts that Alpa answers on, each with what is watched there. */
    hosts: { host: SshHost; watchdog: HostWatchdog }[];
}

/**
 * Has systemd watch whether Alpa makes progress, on each host that it answers on. It is reported there; Alpa's service is
 * restarted only where that is asked for.
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
