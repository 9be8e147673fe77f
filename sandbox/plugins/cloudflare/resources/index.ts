import type { ResourceType } from "../fields";
import { application, policy, serviceToken } from "./access";
import { dnsRecord } from "./dns";
import { healthcheck, notificationPolicy } from "./monitoring";
import { ruleset } from "./ruleset";
import { tunnel, tunnelConfig } from "./tunnel";
import { workersRoute, workersScript } from "./worker";
import { zone, zoneDnssec, zoneSetting } from "./zone";

const token = (name: string) => `cloudflare:index/${name[0].toLowerCase()}${name.slice(1)}:${name}`;

/** The emulated resources, by type. */
export const RESOURCE_TYPES: Record<string, ResourceType> = Object.fromEntries(
    Object.entries({
        Zone: zone,
        ZoneSetting: zoneSetting,
        ZoneDnssec: zoneDnssec,
        DnsRecord: dnsRecord,
        ZeroTrustTunnelCloudflared: tunnel,
        ZeroTrustTunnelCloudflaredConfig: tunnelConfig,
        ZeroTrustAccessServiceToken: serviceToken,
        ZeroTrustAccessPolicy: policy,
        ZeroTrustAccessApplication: application,
        Ruleset: ruleset,
        Healthcheck: healthcheck,
        NotificationPolicy: notificationPolicy,
        WorkersScript: workersScript,
        WorkersRoute: workersRoute,
    }).map(([name, type]) => [token(name), type]),
);
