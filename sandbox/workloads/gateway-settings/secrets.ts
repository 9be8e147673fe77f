/** Credentials of an APISIX container, from the Secrets that its variables refer to: Admin API keys and etcd's password. */
import type { V1Pod } from "@kubernetes/client-node";
import type { Snapshot } from "../cluster";
import { variablesOf } from "../pods/environment";
import { containerOf } from "./file";

/** The gateway's password for etcd; undefined if it uses none. */
export function etcdPassword(pod: V1Pod, now: Snapshot): string | undefined {
    const container = containerOf(pod);
    const variable = (container.env ?? []).filter(({ name }) => name === "APISIX_ETCD_PASSWORD");
    return variablesOf(pod, { ...container, env: variable }, now).APISIX_ETCD_PASSWORD;
}

/** The Admin API keys that a pod's environment would have if it started now. @throws Error if a Secret or key is missing */
export function adminKeys(pod: V1Pod, now: Snapshot): { adminKey: string; viewerKey: string } {
    const container = containerOf(pod);
    const env = (container.env ?? []).filter(({ name }) => /^APISIX_(ADMIN|VIEWER)_KEY$/.test(name));
    const { APISIX_ADMIN_KEY: adminKey, APISIX_VIEWER_KEY: viewerKey } = variablesOf(pod, { ...container, env }, now);
    return { adminKey, viewerKey };
}
