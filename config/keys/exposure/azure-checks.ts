import { plainAddress } from "../../../dns/names";
import { list, mapping } from "../../cross-checks";
import { tlsProblems } from "../tls/checks";

/** What the schema cannot say of exposure direct, of whichever option. Reads unchecked values. */
export function azureChecks(
    values: Record<string, unknown>,
    isSecret: (key: string, value?: unknown) => boolean,
    today: Date,
): string[] {
    if (values.exposure === "tunnel") return [];
    const problems: string[] = [];
    const [azure, gateway] = [values.azure, values.gateway].map(mapping);
    if (values.azure !== undefined && gateway.installer === "existing")
        problems.push("azure: belongs to a gateway that this stack installs (got installer existing). Remove it.");
    if (values.azure !== undefined && gateway.address !== undefined)
        problems.push("gateway.address: must be left out with azure.hostname, which is what callers use. Remove it.");
    else if (values.tls !== undefined && gateway.address !== undefined)
        problems.push(
            "gateway.address: must be left out with tls, since callers use the first of tls.hostnames. Remove it.",
        );
    // Without TLS nobody is led to the other one.
    const { http = 80, https = values.tls === undefined ? undefined : 443 } = mapping(azure.ports);
    if (http === https)
        problems.push(`azure.ports: http and https must differ (got ${String(http)} for both). Change one.`);
    return [...problems, ...repeated(list(azure.addresses)), ...tlsProblems(values, isSecret, today)];
}

function repeated(addresses: unknown[]): string[] {
    const plain = addresses.map((one) => (typeof one === "string" ? plainAddress(one) : one));
    return addresses.flatMap((one, i) => {
        const first = plain.indexOf(plain[i]);
        if (first === i) return [];
        return [
            `azure.addresses[${i}]: must be named once (got ${JSON.stringify(one)}, which azure.addresses[${first}] is too). Remove it.`,
        ];
    });
}
