import * as command from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import { printedRules, type FirewallRules } from "./alpa-firewall-rules";
import { renderCommands, renderScript } from "./alpa-firewall-scripts";
import { connection, placeOf, type SshHost } from "./ssh-host";

/** How the rules get to the hosts that Alpa runs on. */
export type FirewallSettings = {
    rules: FirewallRules;
} & (
    | { apply: "print" }
    | {
          apply: "ssh";
          /** Where they are loaded, one host after another, in this order. */
          hosts: SshHost[];
      }
);

/**
 * Rules for the hosts that Alpa runs on: only the gateway's nodes reach it. They are a table of nftables of their own;
 * all else on the host stays as it is. Printed, nothing is made: the text is `rules`, for the operator to load.
 *
 * Where the gateway gets a node more, the rules come first: let what serves depend on this. An address that is no longer
 * named reaches Alpa for an hour yet, for a node that drains.
 */
export class AlpaFirewall extends pulumi.ComponentResource {
    /** The rules, with how to load them. Unset: they are loaded by SSH. */
    readonly rules?: string;

    constructor(name: string, args: FirewallSettings, opts?: pulumi.ComponentResourceOptions) {
        super("alpa-auth:parts:AlpaFirewall", name, {}, opts);
        if (args.apply === "print") this.rules = printedRules(args.rules);
        else this.load(name, args.hosts, args.rules);
        this.registerOutputs(this.rules === undefined ? {} : { rules: this.rules });
    }

    private load(name: string, hosts: SshHost[], rules: FirewallRules): void {
        const owner = `${pulumi.getProject()}/${pulumi.getStack()}`;
        let before: pulumi.Resource[] = [];
        for (const host of hosts) {
            const script = pulumi.output(host.sudoPassword).apply((sudoPassword) => renderScript(rules, sudoPassword));
            const loaded = new command.remote.Command(
                `${name}-${placeOf(host)}`,
                {
                    connection: connection(host),
                    ...renderCommands(placeOf(host), owner, rules),
                    stdin: pulumi.secret(script),
                    logging: command.remote.Logging.None,
                    // Hosts take no variables of ours, and what was printed last time says nothing.
                    addPreviousOutputInEnv: false,
                },
                { parent: this, dependsOn: before, additionalSecretOutputs: ["stdin", "stdout", "stderr"] },
            );
            before = [loaded];
        }
    }
}
