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
    /** Number of the attempt. With a new number, all steps of the phase run again. */
    attempt: number;
    /** Whether the attempt leads back to bare metal. */
    back?: boolean;
}

/** Retry-After of the 503 answers of a closed gateway: a client that retries once per minute does not add load. */
const RETRY_AFTER_SECONDS = 60;

interface ServedArgs {
    namespace: string;
    server: ServerSettings;
    conversion?: ConversionSettings;
    closed?: boolean;
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
    const refused = { retryAfterSeconds: RETRY_AFTER_SECONDS };
    if (conversion === undefined) return { server, ...(closed && { refused }) };
    const { phase, opt } = conversion;
    const component = { endpoints: [{ address: optAddress(namespace, opt), weight: 1 }] };
    return {
        server: stateOf(phase).side === "component" ? { ...server, ...component } : server,
        ...((isClosed(phase) || closed) && { refused }),
    };
}

/** Address of the component inside the cluster: `host:port`. */
function optAddress(namespace: string, opt: OptSettings): string {
    const [service, space] =
        opt.shape === "kuberay" ? [OPT, namespace] : [opt.rampartCharts.serviceName, optNamespace(namespace, "alpa")];
    return `${service}.${space}.svc.cluster.local:${ALPA_PORT}`;
}
