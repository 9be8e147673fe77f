/**
 * Finds the Access application of a request. Facts: an application's path includes all paths below it; of several matching
 * applications the one with the longest path wins; `*` matches one label of the hostname.
 *
 * Unsupported: a wildcard inside a path.
 */
import type { AccessApplication } from "../../account";
import { Unsupported } from "../types";

export function applicationOf(
    applications: Iterable<AccessApplication>,
    hostname: string,
    path: string,
): AccessApplication | undefined {
    const found: { application: AccessApplication; exact: boolean; length: number }[] = [];
    for (const application of applications) {
        for (const domain of application.self_hosted_domains) {
            const slash = domain.indexOf("/");
            const host = slash < 0 ? domain : domain.slice(0, slash);
            const prefix = slash < 0 ? "" : domain.slice(slash).replace(/\/+$/, "");
            if (prefix.includes("*"))
                throw new Unsupported(`a wildcard in the path of the application domain ${domain}`);
            if (!hostMatches(host, hostname)) continue;
            if (prefix !== "" && path !== prefix && !path.startsWith(`${prefix}/`)) continue;
            found.push({ application, exact: host === hostname, length: prefix.length });
        }
    }
    found.sort((a, b) => Number(b.exact) - Number(a.exact) || b.length - a.length);
    return found[0]?.application;
}

function hostMatches(pattern: string, hostname: string): boolean {
    if (!pattern.includes("*")) return pattern.toLowerCase() === hostname;
    const labels = pattern.toLowerCase().split(".");
    const given = hostname.split(".");
    return labels.length === given.length && labels.every((label, i) => matchesLabel(label, given[i]));
}

const matchesLabel = (pattern: string, label: string): boolean =>
    new RegExp(`^${pattern.replace(/[^*a-z0-9-]/g, "\\$&").replaceAll("*", ".*")}$`).test(label);
