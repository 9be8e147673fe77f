import type { CloudflaredHostArgs } from "./cloudflare/cloudflared/host";
import type { Phase, ZoneRecord } from "./cloudflare/dns-record";
import type { Plan, RateLimit } from "./cloudflare/edge-rules";
import type { OpenaiPath } from "./openai/paths";
import type { TokenConsumer } from "./cloudflare/service-token";
import type { ZoneSettings } from "./cloudflare/zone";

export interface CloudflareAccessArgs {
    /** Digest of the program's source files, which shows in a preview that the program itself changed. */
    program?: string;
    /** Id of the Cloudflare account. */
    account: string;
    /** Host names for callers; the first is the main one. */
    hostnames: string[];
    zone: ZoneSettings;
    plan: Plan;
    /** The zone's other records, and the phase of its move to Cloudflare. Default: none, the stack does not manage them. */
    dns?: { phase: Phase; records: ZoneRecord[] };
    /** `host:port` of Alpa, as seen from the hosts of the connectors. */
    endpoint: string;
    /** Path prefix in the output `url`. Default: none. Every stack also serves `/alpa`. */
    pathPrefix?: string;
    /** Paths below `/v1` of an OpenAI-compatible server. Default: the server is Alpa. */
    openaiPaths?: OpenaiPath[];
    /** The connectors, without the tunnel token. */
    connectors: Omit<CloudflaredHostArgs, "token" | "teamName" | "meaning">;
    /** Name of the Zero Trust team: the part before `.cloudflareaccess.com`. */
    teamName: string;
    /** Rate limit of the edge. Default: none. */
    rateLimit?: RateLimit;
    browserChecks: "skip" | "keep";
    /** Model for requests that name no model. Default: none, so there is no Worker, and Alpa rejects these requests. */
    defaultModel?: string;
    /**
     * Longest wait of the edge for the first byte of an answer, in seconds. Default: the zone's setting is not changed.
     */
    proxyTimeoutSeconds?: number;
    /** Mail addresses to notify a week before a token expires. */
    notify: string[];
    consumers: TokenConsumer[];
    /** Expiry date of a credential in the config, by `<consumer>/<credential>`. */
    expires: Record<string, string>;
}
