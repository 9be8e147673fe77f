import * as pulumi from "@pulumi/pulumi";
import { renderRules, TABLE, type FirewallRules } from "./nft-rules";
import { hostCommand } from "../host-command";
import { scriptFile, scriptAsRoot } from "../script";
import { placeOf, type SshHost } from "../ssh-host";
import { fingerprints } from "../../meaning/fingerprint";
import { plain } from "../../meaning/plain";

/** Firewall rules for the hosts of the server: only printed, or loaded over SSH. */
export type FirewallSettings = { apply: "print"; rules: FirewallRules } | ({ apply: "ssh" } & ServerFirewallArgs);

export interface ServerFirewallArgs {
    rules: FirewallRules;
    /** Hosts on which the rules are loaded, one after another, in this order. */
    hosts: SshHost[];
}

/**
 * Firewall rules on the hosts of the server, so that only the gateway's nodes reach it. They are a separate nftables table,
 * and do not change other rules of the host.
 */
export class ServerFirewall extends pulumi.ComponentResource {
    /**
     * @param seed secret of the stack, for the fingerprints of the hosts' keys
     * @param after the cluster: a node that it no longer has is drained before the rules block its address
     */
    constructor(
        name: string,
        { rules, hosts }: ServerFirewallArgs,
        seed: pulumi.Output<string>,
        after: pulumi.Resource[] = [],
        opts?: pulumi.ComponentResourceOptions,
    ) {
        super("alpa-auth:index:ServerFirewall", name, plain({ rules, hosts }, fingerprints(seed)), opts);
        let dependsOn = after;
        for (const host of hosts) {
            const script = pulumi.output(host.sudoPassword).apply((password) => firewallScript(rules, password));
            const create = ["install", ...shownRules(rules)];
            dependsOn = [
                hostCommand(
                    `${name}-${placeOf(host)}`,
                    { on: host, create, delete: ["remove"], script },
                    { parent: this, dependsOn },
                ),
            ];
        }
        this.registerOutputs({});
    }
}

const AS_ROOT = scriptFile(__dirname, "firewall.sh")({ TABLE });

/** Script for a host. Its arguments select installing or removing. */
export function firewallScript(rules: FirewallRules, sudoPassword?: string): string {
    return scriptAsRoot(AS_ROOT, { rules: renderRules(rules).trimEnd() }, sudoPassword);
}

/** Arguments that summarize the rules, so that a preview shows what changes. */
function shownRules({ serverPorts, gateways, rayPorts, alsoFrom }: FirewallRules): string[] {
    return Object.entries({ server: serverPorts, from: gateways, ray: rayPorts, "also-from": alsoFrom })
        .filter(([, values]) => values.length > 0)
        .map(([what, values]) => `${what}=${values.join(",")}`);
}
