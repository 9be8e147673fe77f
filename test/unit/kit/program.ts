/** The program of any option on a fake engine, with the config of a real run. */
import { parse, type Settings } from "../../../config";
import { cloudflare } from "../../../stacks/cloudflare";
import { inter } from "../../../stacks/inter";
import { intra } from "../../../stacks/intra";
import { record, type Seen } from "../../kit";
import { CALLS, SSH_KEY } from "./cloudflare";
import { SAID } from "./cluster-nodes";
import { KUBECONFIG } from "./intra-a";

/**
 * All resources of the stack.
 * @param config values by whole key. Each `[secret]` is replaced by an SSH private key, as most secrets are such keys
 * @param today the day for which expiry dates are checked
 */
export function recordProgram(config: Record<string, string>, today: Date): Promise<Seen[]> {
    const own = Object.entries(config).filter(([key]) => key.startsWith("alpa-auth:"));
    const raw = Object.fromEntries(
        own.map(([key, value]) => [
            key.replace("alpa-auth:", ""),
            value.replaceAll('"[secret]"', JSON.stringify(SSH_KEY)),
        ]),
    );
    return recordSettings(parse(raw, () => true, today));
}

/** All resources of a stack with these settings. */
export function recordSettings(settings: Settings): Promise<Seen[]> {
    const known =
        "cluster" in settings ? { ...settings, cluster: { ...settings.cluster, clusterUid: "uid" } } : settings;
    return record(() => run(known as Settings), FOUND, CALLS);
}

/** Existing resources, by name: outputs of commands on the hosts that the config names. */
const FOUND = new Proxy<Record<string, object>>(
    { "alpa-apisix-release": { status: { revision: 1 } }, "nodes-cluster": { stdout: KUBECONFIG } },
    {
        get: (known, name: string) =>
            known[name] ?? (/^nodes-[\d.]+(-\d+)?$/.test(name) ? SAID["nodes-10.0.0.1"] : undefined),
    },
);

function run(settings: Settings): unknown {
    switch (settings.option) {
        case "intra-a":
        case "intra-b":
            return intra(settings);
        case "inter":
            return inter(settings);
        case "cloudflare":
            return cloudflare(settings);
    }
}
