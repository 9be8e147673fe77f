import { createHash } from "node:crypto";
import type { Identity } from "../components/records/record-rules";
import { placeOf, type SshHost } from "../components/hosts/ssh-host";
import type { Settings } from "./options";

/**
 * What a stack is bound to according to its settings: its Cloudflare account, its zone and its hosts.
 * @param machines machine ids of hosts, as far as they are known, by the names of the hosts
 */
export function configuredIdentities(
    settings: Settings,
    machines: Record<string, string | undefined> = {},
): Record<string, Identity> {
    const edge = "account" in settings ? settings : "exposure" in settings ? settings.exposure : undefined;
    return {
        ...(edge && {
            "Cloudflare account": { id: edge.account, at: "Cloudflare", by: "account" },
            "Cloudflare zone": { id: edge.zone.name, at: "Cloudflare", by: "zone.name" },
        }),
        ...Object.fromEntries(
            hostsOf(settings).map((host) => {
                const machine = machines[placeOf(host)];
                return [`host ${placeOf(host)}`, { ...identityOf(host), ...(machine && { machine }) }];
            }),
        ),
    };
}

function hostsOf(settings: Settings): SshHost[] {
    return [
        ...("nodes" in settings ? (settings.nodes?.nodes ?? []) : []),
        ...("firewall" in settings && settings.firewall?.apply === "ssh" ? settings.firewall.hosts : []),
        ...("connectors" in settings ? settings.connectors.hosts : []),
        ...("conversion" in settings ? (settings.conversion?.bareMetal.hosts ?? []) : []),
    ];
}

/** Identifies a host by the fingerprint of its SSH key, in the form of ssh-keygen. A reinstalled host has another key. */
function identityOf(host: SshHost): Identity {
    const key = Buffer.from(host.hostKey.trim().split(/\s+/)[1] ?? "", "base64");
    const fingerprint = createHash("sha256").update(key).digest("base64").replace(/=+$/, "");
    return { id: `SHA256:${fingerprint}`, at: placeOf(host), by: "hostKey or address of the host" };
}
