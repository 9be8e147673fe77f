/** Meaning of a stack: what its components are, for a comparison with another config. */
import { cloudflareMeaning } from "./cloudflare-meaning";
import type { CloudflareAccessArgs } from "./cloudflare-args";
import type { GatewayClusterArgs } from "./gateway-args";
import { gatewayMeaning } from "./gateway-meaning";
import type { FirewallSettings } from "./hosts/server-firewall/server-firewall";
import type { Microk8sArgs } from "./hosts/microk8s/microk8s";
import { plain, WITHOUT_SECRETS, type Meaning } from "./meaning/plain";

/** Settings of a stack, as far as they say what it is. */
type Settings = { option: string } & (
    | CloudflareAccessArgs
    | (GatewayClusterArgs & { nodes?: Microk8sArgs; firewall?: FirewallSettings })
);

/** A component with its inputs. The name tells callers apart; each other type exists once. */
export interface Part {
    /** Type without package and module, for example `Caller`. The topmost component has the type `Stack`. */
    type: string;
    /** Name of the caller. Unset for other types. */
    caller?: string;
    inputs: Meaning;
}

/**
 * The inputs of all components of a stack with these settings, without what only a run of the stack knows: fingerprints of
 * secrets, and the digest of the program.
 */
export function meaningOf(settings: Settings): Part[] {
    const { stack, callers, ...rest } =
        "zone" in settings ? cloudflareMeaning(settings, WITHOUT_SECRETS) : gatewayMeaning(settings, WITHOUT_SECRETS);
    const around = "zone" in settings ? {} : hostsOf(settings);
    return [
        { type: "Stack", inputs: stack },
        ...Object.entries({ ...around, ...rest }).map(([type, inputs]) => ({ type, inputs: inputs as Meaning })),
        ...Object.entries(callers).map(([caller, inputs]) => ({ type: "Caller", caller, inputs: inputs as Meaning })),
    ];
}

/** Components that a stack with a gateway has in addition to it. */
function hostsOf({ nodes, firewall, server }: Exclude<Settings, CloudflareAccessArgs>): Record<string, Meaning> {
    const { answerTimeoutSeconds } = server;
    return {
        ...(nodes && { Microk8s: plain({ ...nodes, answerTimeoutSeconds }, WITHOUT_SECRETS) }),
        ...(firewall?.apply === "ssh" && {
            ServerFirewall: plain({ rules: firewall.rules, hosts: firewall.hosts }, WITHOUT_SECRETS),
        }),
    };
}
