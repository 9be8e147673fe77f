import * as command from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import type { FirewallRules } from "./rules";
import { renderCommands, renderScript } from "./scripts";
import { connection, placeOf, type SshHost } from "../ssh-host";

/** Arguments for loading the rules on the hosts of Alpa. */
export type FirewallSettings = { apply: "print"; rules: FirewallRules } | ({ apply: "ssh" } & AlpaFirewallArgs);

export interface AlpaFirewallArgs {
    rules: FirewallRules;
    /** Hosts on which they are loaded, one after another, in this order. */
    hosts: SshHost[];
}

/**
 * Firewall rules on the hosts of Alpa, so that only the gateway's nodes reach Alpa. They are a separate nftables table, and
 * do not change other rules of the host.
 *
 * A removed address can reach Alpa for another hour, for a node that drains. A new address is added within seconds,
 * long before its node has joined, so no resource waits for this one.
 */
export class AlpaFirewall extends pulumi.ComponentResource {
    constructor(name: string, { rules, hosts }: AlpaFirewallArgs, opts?: pulumi.ComponentResourceOptions) {
        super("alpa-auth:parts:AlpaFirewall", name, {}, opts);

        const owner = `${pulumi.getProject()}/${pulumi.getStack()}`;
        let before: pulumi.Resource[] = [];
        for (const host of hosts) {
            const script = pulumi.output(host.sudoPassword).apply((password) => renderScript(rules, password));
            const loaded = new command.remote.Command(
                `${name}-${placeOf(host)}`,
                {
                    connection: connection(host),
                    ...renderCommands(placeOf(host), owner, rules),
                    stdin: pulumi.secret(script),
                    logging: command.remote.Logging.None,
                    // SSH servers reject environment variables of clients, and the script does not use the output of the last
                    // run.
                    addPreviousOutputInEnv: false,
                },
                { parent: this, dependsOn: before, additionalSecretOutputs: ["stdin", "stdout", "stderr"] },
            );
            before = [loaded];
        }
        this.registerOutputs({});
    }
}
