import type { Attack } from ".";
import { created, find, inputs, more } from "./changes";

const ingress = (change: (ingress: any) => void) =>
    inputs("ZeroTrustTunnelCloudflaredConfig", undefined, ({ config }) => change(config.ingresses[0]));
const policy = (change: (policy: any) => void) => inputs("ZeroTrustAccessPolicy", undefined, change);
const application = (change: (application: any) => void) => inputs("ZeroTrustAccessApplication", undefined, change);
const command = (change: (command: any) => void) => inputs("Command", "alpa-connectors-10.0.0.11", change);
const record = (change: (record: any) => void) => inputs("DnsRecord", undefined, change);
const ruleset = (change: (ruleset: any) => void) => inputs("Ruleset", "alpa-edge-browser-checks", change);

export const CLOUDFLARE: Record<string, Attack[]> = {
    "hosts-of-config": [
        ["a tunnel to another host", ingress((i) => (i.service = "http://10.9.9.9:20001")), /\.service: must be in/],
        ["a tunnel to a shell", ingress((i) => (i.service = "ssh://127.0.0.1:22")), /\.service: must be in/],
        ["a tunnel for another name", ingress((i) => (i.hostname = "a.example.org")), /hostname: must be in/],
        ["a tunnel without Access", ingress((i) => delete i.originRequest.access), /access: must be required/],
        [
            "a tunnel past the gateway",
            ingress((i) => (i.service = "http://10.0.0.11:20001")),
            /access: must be/,
            "exposed",
        ],
        [
            "a tunnel to another gateway",
            ingress((i) => (i.service = "http://apisix-gateway.other.svc.cluster.local:80")),
            "config.ingresses[0].service: must be the gateway that this stack installs",
            "exposed",
        ],
        ["a connector of another source", command((c) => (c.create = c.create.replace(/-$/, "https://a/"))), "create"],
        ["another connector", command((c) => (c.create = c.create.replace("aaaa", "bbbb"))), "create: must be in"],
        ["a Worker on another name", inputs("WorkersRoute", undefined, (r) => (r.pattern = "*/*")), "pattern"],
        ["Access for another name", application((a) => (a.domain = "a.example.org")), "domain"],
        [
            "a record of another tunnel",
            record((r) => (r.content = "a.cfargotunnel.com")),
            "content: must be the tunnel",
        ],
        ["a record of another host", record((r) => Object.assign(r, { type: "A", content: "10.9.9.9" })), "content"],
        ["another zone", inputs("Zone", "alpa-zone-zone", (z) => (z.name = "example.org")), "name: must be in"],
    ],
    "fields-allowed": [
        [
            "a network behind a tunnel",
            inputs("ZeroTrustTunnelCloudflaredConfig", undefined, (c) => (c.config.warpRouting = { enabled: true })),
            "config.warpRouting: is not",
        ],
        ["a proxy of the tunnel", ingress((i) => (i.originRequest.proxyAddress = "10.9.9.9")), /proxyAddress/],
        ["an application that lets requests pass", application((a) => (a.optionsPreflightBypass = true)), "options"],
        ["an edge that changes the origin", ruleset((r) => (r.phase = "http_request_origin")), "phase: must be"],
        [
            "an edge that skips other checks",
            ruleset((r) => (r.rules[0].actionParameters.phases = ["a"])),
            "rules[0].actionParameters.phases: is not",
        ],
        ["a policy that bypasses Access", policy((p) => (p.decision = "bypass")), "decision: must be non_identity"],
        [
            "a policy for everyone",
            policy((p) => p.includes.push({ everyone: {} })),
            /everyone: is not an allowed field/,
        ],
    ],
    "access-required": [
        ["a policy without a token", policy((p) => (p.includes = [])), "includes: must list the tokens"],
        ["a token of another stack", policy((p) => (p.includes[0].serviceToken.tokenId = "a")), /tokenId: must/],
        ["a policy of another stack", application((a) => (a.policies[0].id = "a")), "policies[0].id: must be"],
        [
            "a policy inside the application",
            application((a) => a.policies.push({ decision: "bypass", includes: [{ everyone: {} }] })),
            "policies[1].id: must be",
        ],
        [
            "a part of a host name only",
            application((a) => (a.destinations[0].uri = "llm.example.com/private")),
            /hostname: must be in the destinations/,
        ],
        ["a name without Access", application((a) => (a.destinations = [])), /hostname: must be in the destinations/],
        [
            "a policy of another stack next to one that the run creates",
            (all) => {
                created("ZeroTrustAccessPolicy")(all);
                find(all, "ZeroTrustAccessApplication").inputs.policies.push({ id: "a", precedence: 2 });
            },
            "policies[1].id: must be",
        ],
        [
            "a Worker of another stack",
            inputs("WorkersRoute", undefined, (r) => (r.script = "other")),
            "script: must be",
        ],
        ["a pattern for more", inputs("WorkersRoute", undefined, (r) => (r.pattern = "*.example.com/*")), "pattern"],
        ["a name without Access", application((a) => (a.destinations = [])), "pattern: must be for a host name"],
    ],
    "known-types": [
        ["a private network", more("cloudflare:index/tunnelRoute:TunnelRoute", {}), "kind: TunnelRoute is never"],
        ["an older policy", more("cloudflare:index/accessPolicy:AccessPolicy", {}), "type: cloudflare:index:Access"],
    ],
    "zone-protected": [
        [
            "a zone that a destroy deletes",
            (all) => (find(all, "Zone", "alpa-zone-zone").protect = false),
            "protect: must be on",
        ],
    ],
};
