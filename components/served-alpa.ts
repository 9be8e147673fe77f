import type { BareMetalSettings } from "./hosts/bare-metal/settings";
import { isClosed, stateOf, type Phase } from "./opt/conversion-phases";
import { ALPA_PORT } from "./opt/opt-head";
import { OPT } from "./opt/opt-pods";
import { optNamespace, type OptSettings } from "./opt/opt-settings";
import type { AlpaSettings } from "./route/alpa-upstreams";

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
    alpa: AlpaSettings;
    conversion?: ConversionSettings;
    closed?: { retryAfterSeconds: number };
}

/** What callers are served. */
export interface Served {
    /** Alpa services that the upstreams point to. */
    alpa: AlpaSettings;
    /** Callers get 503 with this Retry-After. Unset if the route is open. */
    refused?: { retryAfterSeconds: number };
}

/** What callers are served, in the phase of a conversion or without one. */
export function servedAlpa({ namespace, alpa, conversion, closed }: ServedArgs): Served {
    if (conversion === undefined) return { alpa, refused: closed };
    const { phase, opt, retryAfterSeconds } = conversion;
    const component = { endpoints: [{ address: optAddress(namespace, opt), weight: 1 }] };
    return {
        alpa: stateOf(phase).side === "component" ? { ...alpa, ...component } : alpa,
        ...((isClosed(phase) || closed) && { refused: { retryAfterSeconds } }),
    };
}

/** Address of the component inside the cluster: `host:port`. */
function optAddress(namespace: string, opt: OptSettings): string {
    const [service, space] =
        opt.shape === "kuberay" ? [OPT, namespace] : [opt.rampartCharts.serviceName, optNamespace(namespace, "alpa")];
    return `${service}.${space}.svc.cluster.local:${ALPA_PORT}`;
}
