/** Section "Protocols and ciphers": from the settings of APISIX, the route, the upstreams, and the resources at Cloudflare. */
import { ALGORITHMS } from "../../config/keys/consumers/credentials";
import type { Seen } from "../kit";
import { apisixSettings } from "./ports";
import { code, ofKind, sorted, table } from "./resources";

const HEAD = ["From, to", "Protocol", "Encryption", "Authentication"];

export function gatewayProtocols(seen: Seen[]): string {
    const { apisix, deployment } = apisixSettings(seen);
    const etcd = new URL(deployment.etcd.host[0]);
    const [proxy] = ofKind(seen, "GatewayProxy");
    const { auth, service } = proxy.inputs.spec.provider.controlPlane;
    const version = apisix.enable_http2 ? "HTTP/1.1, HTTP/2" : "HTTP/1.1";
    const credentials = `${methodsOf(seen).map(code).join(" or ")}; tokens: ${ALGORITHMS.join(", ")}`;
    return [
        table(HEAD, [
            ...(apisix.ssl.enable
                ? [["callers, APISIX", `HTTPS (${version})`, code(apisix.ssl.ssl_protocols), credentials]]
                : []),
            [
                "callers, APISIX",
                `HTTP (${version})`,
                "none: for a network that you trust, or as a redirect",
                credentials,
            ],
            ["APISIX, Alpa", schemesOf(seen).join(", "), "none: for a network that you trust", "none: Alpa knows none"],
            [
                "ingress controller, APISIX",
                `HTTP, port ${service.port}`,
                "none: inside the cluster",
                `${auth.type}: a generated key`,
            ],
            [
                "APISIX, etcd",
                `${etcd.protocol.slice(0, -1).toUpperCase()}, port ${etcd.port}`,
                "none: inside the cluster; keys of callers are encrypted in etcd",
                `user ${code(deployment.etcd.user)}, a generated password`,
            ],
            ["Pulumi, Kubernetes API", "HTTPS", "as configured at its API server", "the kubeconfig"],
        ]),
        ...(apisix.ssl.enable
            ? [
                  `Cipher suites of TLS 1.2 (those of TLS 1.3 are its own):\n\n${String(apisix.ssl.ssl_ciphers)
                      .split(":")
                      .map((cipher) => `- ${code(cipher)}`)
                      .join("\n")}`,
              ]
            : []),
        allowed(seen),
    ].join("\n\n");
}

export function edgeProtocols(seen: Seen[]): string {
    const settings = ofKind(seen, "ZoneSetting").map(({ inputs }) => `${inputs.settingId}: ${inputs.value}`);
    const [policy] = ofKind(seen, "ZeroTrustAccessPolicy");
    const [rules] = ofKind(seen, "ZeroTrustTunnelCloudflaredConfig");
    const served: any[] = rules.inputs.config.ingresses.filter(({ originRequest }: any) => originRequest);
    const proved = served.every(({ originRequest: { access } }) => access?.required);
    const tls = settings.length === 0 ? "the zone's settings, which this stack does not change" : settings.join(", ");
    return [
        table(HEAD, [
            ["callers, Cloudflare's edge", "HTTPS", tls, `service token; decision ${code(policy.inputs.decision)}`],
            [
                "connector, Cloudflare's edge",
                "QUIC, or HTTP/2 over TCP",
                "TLS by Cloudflare's certificate",
                "the tunnel's token",
            ],
            [
                "connector, Alpa",
                sorted(served.map(({ service }) => new URL(service).protocol.slice(0, -1).toUpperCase())).join(", "),
                "none: on the host itself, or a network that you trust",
                proved ? "the connector forwards only requests that Access has signed" : "none",
            ],
            ["Pulumi, Cloudflare's API", "HTTPS", "Cloudflare's", "the API token"],
            ["Pulumi, hosts", "SSH", "its own", "a key of yours; the host's key is pinned"],
        ]),
        `Allowed paths: ${served.map(({ path }) => code(path)).join(", ")}; 404 for all others.`,
    ].join("\n\n");
}

/** Plugins of the route that authenticate. */
function methodsOf(seen: Seen[]): string[] {
    const plugins = rulesOf(seen).flatMap(({ plugins: list = [] }) => list);
    const auth = plugins
        .filter(({ name }: any) => name === "multi-auth")
        .flatMap(({ config }: any) => config.auth_plugins);
    if (auth.length === 0) throw new Error("no rule of the route authenticates");
    return sorted(auth.flatMap((one: object) => Object.keys(one)));
}

function schemesOf(seen: Seen[]): string[] {
    return sorted(
        ofKind(seen, "ApisixUpstream").map(({ inputs }) => String(inputs.spec.scheme ?? "http").toUpperCase()),
    );
}

function allowed(seen: Seen[]): string {
    const passed = rulesOf(seen)
        .filter(({ plugins = [] }) => plugins.some(({ name }: any) => name === "multi-auth"))
        .flatMap(({ match }) =>
            match.paths.map((path: string) => `${(match.methods ?? ["any method"]).join(", ")} ${path}`),
        );
    return `Allowed with a credential: ${sorted(passed).map(code).join(", ")}.`;
}

const rulesOf = (seen: Seen[]): any[] =>
    ofKind(seen, "ApisixRoute")
        .filter(({ inputs }) => inputs.metadata.name === "alpa")
        .flatMap(({ inputs }) => inputs.spec.http);
