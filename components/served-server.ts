import type { BareMetalSettings } from "./hosts/bare-metal/settings";
import { isClosed, stateOf, type Phase } from "./opt/conversion-phases";
import { ALPA_PORT } from "./opt/opt-head";
import { OPT } from "./opt/opt-pods";
import { optNamespace, type OptSettings } from "./opt/opt-settings";
import type { ServerSettings } from "./server";

/** A conversion of Alpa from bare metal to the cluster, or back. */
export interface ConversionSettings {
    phase: Phase;
    opt: OptSettings;
    bareMetal: BareMetalSettings;
    /** Retry-After of the 503 answers during the conversion, and while the gateway is closed, in seconds. */
    retryAfterSeconds: number;
    /** Number of the attempt. With a new number, all steps of the phase run again. */
    attempt: number;
    /** Whether the attempt leads back to bare metal. */
    back?: boolean;
}

interface ServedArgs {
    namespace: string;
    server: ServerSettings;
    conversion?: ConversionSettings;
    closed?: { retryAfterSeconds: number };
}

/** What callers are served. */
export interface Served {
    /** The server that the upstreams point to. */
    server: ServerSettings;
    /** Callers get 503 with this Retry-After. Unset if the route is open. */
    refused?: { retryAfterSeconds: number };
}

/** What callers are served, in the phase of a conversion or without one. */
export function servedServer({ namespace, server, conversion, closed }: ServedArgs): Served {
    if (conversion === undefined) return { server, refused: closed };
    const { phase, opt, retryAfterSeconds } = conversion;
    const component = { endpoints: [{ address: optAddress(namespace, opt), weight: 1 }] };
    return {
        server: stateOf(phase).side === "component" ? { ...server, ...component } : server,
        ...((isClosed(phase) || closed) && { refused: { retryAfterSeconds } }),
    };
}

/** Address of the component inside the cluster: `host:port`. */
function optAddress(namespace: string, opt: OptSettings): string {
    const [service, space] =
        opt.shape === "kuberay" ? [OPT, namespace] : [opt.rampartCharts.serviceName, optNamespace(namespace, "alpa")];
    return `${service}.${space}.svc.cluster.local:${ALPA_PORT}`;
}
