import type { ConversionSettings } from "./served-server";
import type { AcceptSettings } from "./kubernetes/awaited";
import type { CallerClass } from "./route/caller-classes";
import type { ExposureSettings, GatewayOrigin } from "./cloudflare/exposure";
import type { ConsumerSettings } from "./consumers/consumer";
import type { OwnGateway } from "./apisix/installation";
import type { GatewayBinding } from "./apisix/wiring";
import type { ServerSettings } from "./server";
import type { ClusterAccess } from "./kubernetes/kubeconfig";
import type { CountersSettings } from "./apisix/open-requests";
import type { GatewayTlsSettings } from "./apisix/tls";

/** The gateway: one that the stack installs, or an existing one. */
export type GatewaySettings =
    | OwnGateway
    | ({
          installer: "existing";
          url: string;
          /**
           * Entry point inside the cluster. The stack's tunnel connects to it. Unset if the stack has no tunnel.
           */
          origin?: GatewayOrigin;
      } & GatewayBinding);

export interface GatewayClusterArgs {
    /** Digest of the program's source files, which shows in a preview that the program itself changed. */
    program?: string;
    /** Expiry date of a credential, by `<consumer>/<credential>`. */
    expires: Record<string, string>;
    /** Namespace of routes, consumers and credentials. */
    namespace: string;
    cluster: ClusterAccess;
    /** The server behind the gateway, and what depends on its kind. */
    server: ServerSettings;
    /** Path prefix in the output `url`. @default `/alpa`, which every stack serves */
    pathPrefix?: string;
    gateway: GatewaySettings;
    /** A host name at Cloudflare in front of the gateway. Default: none, and callers connect to the gateway directly. */
    exposure?: ExposureSettings;
    /** TLS. Default: none, and the gateway serves HTTP. */
    tls?: GatewayTlsSettings;
    /** Counter server. Default: none, and each APISIX pod counts limits for itself. */
    sharedCounters?: CountersSettings;
    /** Whether the callers' route is closed: callers get 503 with Retry-After. Default: the route is open. */
    closed?: boolean;
    /** Time limits, in seconds. */
    readiness: AcceptSettings & { graphTimeoutSeconds: number };
    consumers: ConsumerSettings[];
    /** Classes of callers with slots. Default: none. */
    classes?: CallerClass[];
    /** Settings for moving Alpa from bare metal into the cluster. Still set after the move; unset if Alpa stays outside. */
    conversion?: ConversionSettings;
}
