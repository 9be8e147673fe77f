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
        [
            "a tunnel to another host",
            "cloudflare",
            ingress((i) => (i.service = "http://10.9.9.9:20001")),
            /\.service: must be in/,
        ],
        [
            "a tunnel to a shell",
            "cloudflare",
            ingress((i) => (i.service = "ssh://127.0.0.1:22")),
            /\.service: must be in/,
        ],
        [
            "a tunnel for another name",
            "cloudflare",
            ingress((i) => (i.hostname = "a.example.org")),
            /hostname: must be in/,
        ],
        [
            "a tunnel without Access",
            "cloudflare",
            ingress((i) => delete i.originRequest.access),
            /access: must be required/,
        ],
        [
            "a tunnel past the gateway",
            "exposed",
            ingress((i) => (i.service = "http://10.0.0.11:20001")),
            /access: must be/,
        ],
        [
            "a tunnel to another gateway",
            "exposed",
            ingress((i) => (i.service = "http://apisix-gateway.other.svc.cluster.local:80")),
            "config.ingresses[0].service: must be the gateway that this stack installs",
        ],
        [
            "a network behind a tunnel",
            "cloudflare",
            inputs("ZeroTrustTunnelCloudflaredConfig", undefined, (c) => (c.config.warpRouting = { enabled: true })),
            "config.warpRouting: must be unset",
        ],
        [
            "a proxy of the tunnel",
            "cloudflare",
            ingress((i) => (i.originRequest.proxyAddress = "10.9.9.9")),
            /proxyAddress/,
        ],
        [
            "a connector of another source",
            "cloudflare",
            command((c) => (c.create = c.create.replace(/-$/, "https://a/"))),
            "create",
        ],
        [
            "another connector",
            "cloudflare",
            command((c) => (c.create = c.create.replace("aaaa", "bbbb"))),
            "create: must be in",
        ],
        [
            "an application that lets requests pass",
            "cloudflare",
            application((a) => (a.optionsPreflightBypass = true)),
            "options",
        ],
        [
            "a Worker on another name",
            "cloudflare",
            inputs("WorkersRoute", undefined, (r) => (r.pattern = "*/*")),
            "pattern",
        ],
        ["Access for another name", "cloudflare", application((a) => (a.domain = "a.example.org")), "domain"],
        [
            "a record of another tunnel",
            "cloudflare",
            record((r) => (r.content = "a.cfargotunnel.com")),
            "content: must be the tunnel",
        ],
        [
            "a record of another host",
            "cloudflare",
            record((r) => Object.assign(r, { type: "A", content: "10.9.9.9" })),
            "content",
        ],
        [
            "another zone",
            "cloudflare",
            inputs("Zone", "alpa-zone-zone", (z) => (z.name = "example.org")),
            "name: must be in",
        ],
        [
            "an edge that changes the origin",
            "cloudflare",
            ruleset((r) => (r.phase = "http_request_origin")),
            "phase: must be",
        ],
        [
            "an edge that skips other checks",
            "cloudflare",
            ruleset((r) => (r.rules[0].actionParameters.phases = ["a"])),
            /action/,
        ],
    ],
    "access-required": [
        [
            "a policy that bypasses Access",
            "cloudflare",
            policy((p) => (p.decision = "bypass")),
            "decision: must be non_identity",
        ],
        ["a policy for people", "cloudflare", policy((p) => (p.decision = "allow")), "decision: must be non_identity"],
        ["a policy for everyone", "cloudflare", policy((p) => p.includes.push({ everyone: {} })), /got everyone/],
        [
            "a policy for any token",
            "cloudflare",
            policy((p) => (p.includes = [{ anyValidServiceToken: {} }])),
            /anyValid/,
        ],
        ["a policy without a token", "cloudflare", policy((p) => (p.includes = [])), "includes: must list the tokens"],
        [
            "a token of another stack",
            "cloudflare",
            policy((p) => (p.includes[0].serviceToken.tokenId = "a")),
            /tokenId: must/,
        ],
        [
            "a policy of another stack",
            "cloudflare",
            application((a) => (a.policies[0].id = "a")),
            "policies[0].id: must be",
        ],
        [
            "a policy inside the application",
            "cloudflare",
            application((a) => a.policies.push({ decision: "bypass", includes: [{ everyone: {} }] })),
            "policies[1].decision",
        ],
        [
            "a part of a host name only",
            "cloudflare",
            application((a) => (a.destinations[0].uri = "llm.example.com/private")),
            "destinations[0].uri: must be a host name without a path",
        ],
        ["a name without Access", "cloudflare", application((a) => (a.destinations = [])), /is not completely covered/],
        [
            "a policy of another stack next to one that the run creates",
            "cloudflare",
            (all) => {
                created("ZeroTrustAccessPolicy")(all);
                find(all, "ZeroTrustAccessApplication").inputs.policies.push({ id: "a", precedence: 2 });
            },
            "policies[1].id: must be",
        ],
        [
            "a Worker of another stack",
            "cloudflare",
            inputs("WorkersRoute", undefined, (r) => (r.script = "other")),
            "script: must be",
        ],
        [
            "a pattern for more",
            "cloudflare",
            inputs("WorkersRoute", undefined, (r) => (r.pattern = "*.example.com/*")),
            "pattern",
        ],
        [
            "a name without Access",
            "cloudflare",
            application((a) => (a.destinations = [])),
            "pattern: must be for a host name",
        ],
    ],
    "known-types": [
        [
            "a private network",
            "cloudflare",
            more("cloudflare:index/tunnelRoute:TunnelRoute", {}),
            "kind: TunnelRoute is never",
        ],
        [
            "an older policy",
            "cloudflare",
            more("cloudflare:index/accessPolicy:AccessPolicy", {}),
            "type: cloudflare:index:Access",
        ],
    ],
    "zone-protected": [
        [
            "a zone that a destroy deletes",
            "cloudflare",
            (all) => (find(all, "Zone", "alpa-zone-zone").protect = false),
            "protect: must be on",
        ],
    ],
};
