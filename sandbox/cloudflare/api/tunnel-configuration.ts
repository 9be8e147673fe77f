/**
 * The ingress rules of a tunnel. They are stored exactly as sent, because the provider would report an added field as a
 * difference.
 */
import { z } from "zod";
import type { TunnelConfiguration } from "../account";
import { compile, NotTranslated } from "../re2";
import { ApiError, Unsupported } from "./answer";
import { bodyObject, checked, product, type Call, type Route } from "./call";
import { findLive } from "./tunnels";

const tunnels = product("Cloudflare Tunnel");
const BAD_CONFIGURATION = 1056;

const text = z.string().nullish();
const flag = z.boolean().nullish();
const whole = z.number().int().min(0).nullish();
const originRequest = z
    .strictObject({
        access: z
            .strictObject({ audTag: z.array(z.string()).nullish(), teamName: z.string(), required: flag })
            .nullish(),
        ...{ caPool: text, httpHostHeader: text, originServerName: text, proxyType: text },
        ...{ connectTimeout: whole, keepAliveConnections: whole, keepAliveTimeout: whole },
        ...{ tcpKeepAlive: whole, tlsTimeout: whole },
        ...{
            disableChunkedEncoding: flag,
            http2Origin: flag,
            matchSNItoHost: flag,
            noHappyEyeballs: flag,
            noTLSVerify: flag,
        },
    })
    .nullish();
/** Valid services of an ingress rule, without a path. */
const SERVICE = /^((https?|tcp|ssh|rdp|smb):\/\/[^/]+|unix(\+tls)?:\/.+|http_status:[1-5]\d\d|hello_world|bastion)$/;
const body = z.strictObject({
    config: z.strictObject({
        ingress: z
            .array(
                z.strictObject({
                    ...{ hostname: text, path: text, originRequest },
                    service: z
                        .string()
                        .regex(
                            SERVICE,
                            "must be a service of cloudflared, for example http://host:port, unix:/path or http_status:NNN",
                        ),
                }),
            )
            .min(1),
        originRequest,
    }),
    source: z.literal("cloudflare").nullish(),
});

const PATH = "accounts/{account}/cfd_tunnel/{tunnel}/configurations";
export const tunnelConfigurationRoutes: Route[] = [
    tunnels("GET", PATH, "ZeroTrustTunnelCloudflaredConfig: read, import", (call) => ({ result: answer(call) })),
    tunnels("PUT", PATH, "ZeroTrustTunnelCloudflaredConfig: create, update", (call) => {
        const tunnel = findLive(call);
        const { config } = checked(body, bodyObject(call.body), BAD_CONFIGURATION);
        checkOrder(config.ingress);
        const previous = tunnel.configuration;
        tunnel.configuration = {
            version: (previous?.version ?? 0) + 1,
            config: (call.body as { config: TunnelConfiguration["config"] }).config,
            created_at: call.account.stamp(),
        };
        call.account.changed("tunnel", tunnel.id);
        return { result: answer(call) };
    }),
];

/** The last rule must match all requests. An earlier rule must not match all requests. */
function checkOrder(rules: z.infer<typeof body>["config"]["ingress"]): void {
    rules.forEach(({ hostname, path }, i) => {
        const last = i === rules.length - 1;
        const all = (!hostname || (hostname === "*" && !last)) && !path;
        const wildcard = hostname?.lastIndexOf("*") ?? -1;
        const problem =
            last && !all
                ? "the last ingress rule must have neither a hostname nor a path"
                : !last && all
                  ? "only the last rule may match every request: the rules after this one would never match"
                  : hostname?.includes(":")
                    ? "hostname must not contain a port"
                    : wildcard > 0
                      ? "hostname may have a wildcard at its beginning only"
                      : pathProblem(path);
        if (problem)
            throw new ApiError(400, {
                code: BAD_CONFIGURATION,
                message: `Bad Configuration: rule ${i + 1}: ${problem}`,
            });
    });
}
function pathProblem(path: string | null | undefined): string | undefined {
    try {
        if (path) compile(path);
    } catch (error) {
        if (error instanceof NotTranslated) throw new Unsupported(error.message);
        return "path must be a regular expression in RE2 syntax";
    }
}

function answer(call: Call): object {
    const tunnel = findLive(call);
    const { configuration } = tunnel;
    return {
        account_id: call.account.id,
        tunnel_id: tunnel.id,
        version: configuration?.version ?? 0,
        config: configuration?.config ?? null,
        source: configuration ? "cloudflare" : tunnel.config_src,
        created_at: configuration?.created_at ?? tunnel.created_at,
    };
}
