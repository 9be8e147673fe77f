import * as pulumi from "@pulumi/pulumi";
import type { DisabledTokens } from "../components/cloudflare/disabled-tokens";
import { stackSeed } from "../components/consumers/generated-secrets";
import { CloudflareAccess } from "../components/cloudflare-access";
import type { CloudflareAccessArgs } from "../components/cloudflare-args";

/** Waits until Cloudflare rejects these tokens. Throws if Cloudflare still accepts them at the end of the wait. */
type UntilDisabled = (tokens: DisabledTokens) => Promise<void>;

/**
 * Option cloudflare: Access at the edge, a tunnel to the server, no gateway.
 * @param untilDisabled called in each run after the tokens were changed, but never in a preview. If it is unset, the run
 * does not check that Cloudflare rejects disabled tokens
 */
export function cloudflare(settings: CloudflareAccessArgs, untilDisabled?: UntilDisabled) {
    const auth = new CloudflareAccess("alpa", settings, stackSeed());
    // No resource depends on this check, but the run fails if the check fails.
    if (untilDisabled && !pulumi.runtime.isDryRun())
        auth.disabled.apply((ids) => untilDisabled({ account: settings.account, ids }));
    const { url, credentials, curl, expires, nameServers, zoneStatus, ds } = auth;
    // The output is left out without a DS record, because Pulumi warns of an output without a value.
    return { url, credentials, curl, expires, nameServers, zoneStatus, ...(ds && { ds }) };
}
