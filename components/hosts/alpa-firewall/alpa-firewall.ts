import * as pulumi from "@pulumi/pulumi";
import type { FirewallRules } from "./rules";
import { installWords, renderScript } from "./scripts";
import { hostCommand } from "../host-command";
import { placeOf, type SshHost } from "../ssh-host";
import { fingerprints } from "../../meaning/fingerprint";
import { plain } from "../../meaning/plain";

/** Firewall rules for the hosts of Alpa: only printed, or loaded over SSH. */
export type FirewallSettings = { apply: "print"; rules: FirewallRules } | ({ apply: "ssh" } & AlpaFirewallArgs);

export interface AlpaFirewallArgs {
    rules: FirewallRules;
    /** Hosts on which the rules are loaded, one after another, in this order. */
    hosts: SshHost[];
}

/**
 * Firewall rules on the hosts of Alpa, so that only the gateway's nodes reach Alpa. They are a separate nftables table,
 * and do not change other rules of the host.
 *
 * An address that is removed can reach Alpa for another hour, since its node may still drain. A new address is added
 * within seconds, long before its node has joined, so no other resource depends on this one.
 */
export class AlpaFirewall extends pulumi.ComponentResource {
    /** @param seed secret of the stack, for the fingerprints of the hosts' keys */
    constructor(
        name: string,
        { rules, hosts }: AlpaFirewallArgs,
        seed: pulumi.Output<string>,
        opts?: pulumi.ComponentResourceOptions,
    ) {
        super("alpa-auth:index:AlpaFirewall", name, plain({ rules, hosts }, fingerprints(seed)), opts);
        let before: pulumi.Resource[] = [];
        for (const host of hosts) {
            const script = pulumi.output(host.sudoPassword).apply((password) => renderScript(rules, password));
            const loaded = hostCommand(
                `${name}-${placeOf(host)}`,
                { on: host, create: installWords(rules), delete: ["remove"], script },
                { parent: this, dependsOn: before },
            );
            before = [loaded];
        }
        this.registerOutputs({});
    }
}
