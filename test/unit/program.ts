/** The program of any option on a fake engine, with a config as the real engine had it. */
import { parse, type Settings } from "../../config";
import { callers } from "../../stacks/callers";
import { cloudflare } from "../../stacks/cloudflare";
import { inter } from "../../stacks/inter";
import { intra } from "../../stacks/intra";
import { record, type Seen } from "../kit";
import { GATEWAY } from "./callers";
import { CALLS, SSH_KEY } from "./cloudflare";
import { SAID } from "./cluster-nodes";
import { KUBECONFIG } from "./intra-a";

/**
 * Everything the stack registers.
 * @param config values by whole key; a `[secret]` in it becomes a key to log in with, which is what most secrets are
 * @param today decides what has ended
 */
export function recordProgram(config: Record<string, string>, today: Date): Promise<Seen[]> {
    const own = Object.entries(config).filter(([key]) => key.startsWith("alpa-auth:"));
    const raw = Object.fromEntries(
        own.map(([key, value]) => [
            key.replace("alpa-auth:", ""),
            value.replaceAll('"[secret]"', JSON.stringify(SSH_KEY)),
        ]),
    );
    const settings = parse(raw, () => true, today);
    return record(() => run(settings), FOUND, CALLS);
}

/** What is in the world, by name of the resource: what commands print on hosts is of whichever hosts the config names. */
const FOUND = new Proxy<Record<string, object>>(
    { "alpa-apisix-release": { status: { revision: 1 } }, "nodes-kubeconfig": { stdout: KUBECONFIG } },
    {
        get: (known, name: string) =>
            known[name] ?? SAID[`nodes-10.0.0.1-${/^nodes-.*-(snap|member)$/.exec(name)?.[1]}`],
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
        case "callers":
            return callers({ ...settings, gateway: GATEWAY });
    }
}
