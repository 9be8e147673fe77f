import { AlpaFirewall, type FirewallSettings } from "../components/hosts/alpa-firewall/alpa-firewall";
import { printedRules } from "../components/hosts/alpa-firewall/rules";

/** Firewall of Alpa's hosts: this program loads the rules, or returns them as an output for operators to load by hand. */
export function firewallOf(settings: FirewallSettings | undefined): { alpaFirewall?: string } {
    if (settings?.apply === "print") return { alpaFirewall: printedRules(settings.rules) };
    if (settings !== undefined) new AlpaFirewall("alpa-firewall", settings);
    return {};
}
