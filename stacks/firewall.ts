import { AlpaFirewall, type FirewallSettings } from "../components/hosts/alpa-firewall/alpa-firewall";
import { printedRules } from "../components/hosts/alpa-firewall/rules";

/**
 * Firewall of Alpa's hosts. The program loads the rules into the hosts. With `apply: print` it returns the rules as an
 * output instead, and operators load them by hand.
 */
export function firewallOf(settings: FirewallSettings | undefined): { alpaFirewall?: string } {
    if (settings?.apply === "print") return { alpaFirewall: printedRules(settings.rules) };
    if (settings !== undefined) new AlpaFirewall("alpa-firewall", settings);
    return {};
}
