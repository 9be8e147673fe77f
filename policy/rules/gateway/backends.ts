import { rejectsAll } from "../../resources/cloudflare";
import { closedPort, isPortName } from "../../resources/network";
import { isInside, kindOf, type Resource } from "../../resources/resource";
import { at, list, map, number, shown, UNKNOWN, type Tree } from "../../resources/values";
import type { RouteRule } from "../../resources/routes";

/** Targets of routes and tunnels. */

const ALPA = 20001;
/** Names of the charts' Services that forward to closed ports. The port of such a Service may have any number. */
const CLOSED_SERVICE = /(^|-)(etcd|etcd-headless|apisix-admin|apisix-control|head-svc)$/;

/** Reports a route to a closed port. Only Alpa's port is allowed. */
function leads(where: string, service: unknown, port: unknown, field: string): string[] {
    if (typeof service === "string" && CLOSED_SERVICE.test(service.split(".")[0]))
        return [`${where}: must not route to ${service}. Remove it.`];
    if (isPortName(port))
        return [
            `${where}.${field}: must be a number (got ${shown(port)}): a name does not say which port. Write the number.`,
        ];
    const what = number(port) === ALPA ? undefined : closedPort(port);
    return what ? [`${where}: must not route to ${what} (port ${number(port)}). Remove it.`] : [];
}

/** Checks the Services in a rule. */
export function backends({ where, props }: RouteRule): string[] {
    return list(props.backends).flatMap((backend, i) => {
        const { serviceName, servicePort } = map(backend);
        return leads(`${where}.backends[${i}]`, serviceName, servicePort, "servicePort");
    });
}

/** Checks the targets of an ApisixUpstream. */
export function externalNodes({ props }: Resource): string[] {
    return list(at(props, "spec.externalNodes")).flatMap((node, i) => {
        const where = `spec.externalNodes[${i}]`;
        const { type, name, port } = map(node);
        const found = leads(where, name, port, "port");
        // An external node is either of type Domain, or it names a Service, which may have several ports.
        return found.length === 0 &&
            port === undefined &&
            node !== UNKNOWN &&
            ![UNKNOWN, "Domain"].includes(type as string)
            ? [`${where}.port: must be a number (got nothing), since a Service can have several ports. Write it.`]
            : found;
    });
}

const CONFIGS = ["ZeroTrustTunnelCloudflaredConfig", "TunnelConfig"];
const NETWORKS = ["ZeroTrustTunnelCloudflaredRoute", "TunnelRoute"];

/** Checks that a tunnel forwards only to the gateway, or requires an Access token. Both authenticate callers. */
export function tunnel(resource: Resource): string[] {
    const { props } = resource;
    if (NETWORKS.includes(kindOf(resource)))
        return [
            "network: must not be routed through a tunnel, since devices of the Zero Trust team could reach it without a credential. Remove this route.",
        ];
    if (!CONFIGS.includes(kindOf(resource))) return [];
    const warp = at(props, "config.warpRouting.enabled");
    return [
        ...(warp === true
            ? ["config.warpRouting: must be off: it opens the network behind the tunnel. Remove it."]
            : []),
        ...list(at(props, "config.ingresses")).flatMap((entry, i) =>
            entry === UNKNOWN
                ? []
                : ingress(
                      map(entry),
                      `config.ingresses[${i}]`,
                      isInside(resource, "CloudflareExposure") ? "gateway" : "origin",
                  ),
        ),
    ];
}

function ingress({ service, originRequest }: Tree, where: string, target: "gateway" | "origin"): string[] {
    const toGateway = target === "gateway";
    if (service === UNKNOWN || rejectsAll(service)) return [];
    const port = number(/:(\d+)\/?$/.exec(String(service))?.[1]);
    const what = closedPort(port);
    if (what !== undefined && (toGateway || port !== ALPA))
        return [`${where}.service: must not route to ${what} (port ${port}). Route to the gateway.`];
    return toGateway || originRequest === UNKNOWN ? [] : passedAccess(map(originRequest).access, where);
}

function passedAccess(access: unknown, where: string): string[] {
    const { required, audTags } = map(access);
    const right = [true, UNKNOWN].includes(required as boolean) && (audTags === UNKNOWN || list(audTags).length > 0);
    return right || access === UNKNOWN
        ? []
        : [`${where}.originRequest.access: must be required, with the application's audTags. Add it.`];
}
