// Scripts that load or delete the firewall rules on Alpa's hosts. The rules admit only the gateway's nodes.

import { FIREWALL, renderRules, stampOf, TABLE, type FirewallRules } from "./rules";
import { UNIT_TEXT } from "./unit";
import { normalNetworks } from "../networks";
import { scriptFile } from "../script-file";
import { scriptAsRoot } from "../ssh-script";

const AS_ROOT = scriptFile(__dirname, "firewall.sh")({ FIREWALL, TABLE });

/** Shell script for a host, with the sudo password. Its arguments select installing or removing. */
export function renderScript(rules: FirewallRules, sudoPassword?: string): string {
    const text = renderRules(rules);
    const { ipv4, ipv6 } = normalNetworks(rules.gateways);
    const variables = {
        rules: text.trimEnd(),
        stamp: stampOf(text),
        gateways: [...ipv4, ...ipv6].join(" "),
        unit_text: UNIT_TEXT.trimEnd(),
    };
    return scriptAsRoot(AS_ROOT, variables, sudoPassword);
}

/** Arguments for installing. They summarize the rules, so that a preview shows what changes. */
export function installWords(rules: FirewallRules): string[] {
    const { alpaPorts, gateways, rayPorts, alsoFrom } = rules;
    const shownRules = Object.entries({ alpa: alpaPorts, from: gateways, ray: rayPorts, "also-from": alsoFrom })
        .filter(([, values]) => values.length > 0)
        .map(([what, values]) => `${what}=${values.join(",")}`);
    return ["install", ...shownRules];
}
