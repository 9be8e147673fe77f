/** All emulated routes. Any other route answers 501. */
import { accountRoutes } from "./accounts";
import { applicationRoutes } from "./access/applications";
import type { Route } from "./call";
import { dnsRecordRoutes } from "./dns/records";
import { monitoringRoutes } from "./monitoring";
import { policyRoutes } from "./access/policies";
import { rulesetRoutes } from "./rulesets/rulesets";
import { serviceTokenRoutes } from "./access/service-tokens";
import { tunnelConfigurationRoutes } from "./tunnel-configuration";
import { tunnelRoutes } from "./tunnels";
import { workerRoutes } from "./workers";
import { zoneFeatureRoutes } from "./zone-features";
import { zoneRoutes } from "./zones";

export const ROUTES: readonly Route[] = [
    ...accountRoutes,
    ...zoneRoutes,
    ...dnsRecordRoutes,
    ...zoneFeatureRoutes,
    ...tunnelRoutes,
    ...tunnelConfigurationRoutes,
    ...serviceTokenRoutes,
    ...policyRoutes,
    ...applicationRoutes,
    ...rulesetRoutes,
    ...monitoringRoutes,
    ...workerRoutes,
];

export interface Match {
    route: Route;
    params: Record<string, string>;
}

/**
 * Finds the route of a request. If several routes match, the one with the fewest parameters wins: `dns_records/export`
 * is the export, not the record with the id `export`.
 */
export function match(method: string, path: string): Match | undefined {
    const given = path.split("/");
    const found = ROUTES.filter((route) => route.method === method)
        .map((route) => ({ route, params: paramsOf(route.path.split("/"), given) }))
        .filter((m): m is Match => m.params !== undefined)
        .sort((a, b) => Object.keys(a.params).length - Object.keys(b.params).length);
    return found[0];
}

function paramsOf(template: string[], given: string[]): Record<string, string> | undefined {
    if (template.length !== given.length) return undefined;
    const params: Record<string, string> = {};
    for (const [i, part] of template.entries()) {
        if (part.startsWith("{")) params[part.slice(1, -1)] = given[i];
        else if (part !== given[i]) return undefined;
    }
    return params;
}
