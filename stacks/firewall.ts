import { AlpaFirewall, type FirewallSettings } from "../components/hosts/alpa-firewall/alpa-firewall";
import { printedRules } from "../components/hosts/alpa-firewall/rules";

/** Who may reach Alpa: loaded on its hosts, or an output for those who do that by hand. */
export function firewallOf(settings: FirewallSettings | undefined): { alpaFirewall?: string } {
    if (settings?.apply === "print") return { alpaFirewall: printedRules(settings.rules) };
    if (settings !== undefined) new AlpaFirewall("alpa-firewall", settings);
    return {};
}
