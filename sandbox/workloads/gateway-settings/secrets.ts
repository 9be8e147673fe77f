/** Credentials of an APISIX container, from the Secrets that its variables refer to: Admin API keys and etcd's password. */
import type { V1Pod } from "@kubernetes/client-node";
import { decoded, type Snapshot } from "../cluster";
import { variablesOf } from "../pods/environment";
import { containerOf } from "./file";

/** The chart's default Admin API keys, for a container without APISIX_ADMIN_KEY. */
const WELL_KNOWN = { admin: "edd1c9f034335f136f87ad84b625c8f1", viewer: "4054f7cf07e344346cd3f287985e76a2" };

/** The gateway's password for etcd; undefined if it uses none. */
export function etcdPassword(pod: V1Pod, now: Snapshot): string | undefined {
    const container = containerOf(pod);
    const variable = (container.env ?? []).filter(({ name }) => name === "APISIX_ETCD_PASSWORD");
    return variablesOf(pod, { ...container, env: variable }, now).APISIX_ETCD_PASSWORD;
}

/** The Admin API keys that a pod's environment would have if it started now; undefined if a Secret or key is missing. */
export function adminKeys(pod: V1Pod, now: Snapshot): { adminKey: string; viewerKey: string } | undefined {
    const container = containerOf(pod);
    const value = (name: string): string | undefined => {
        const ref = container.env?.find((e) => e.name === name)?.valueFrom?.secretKeyRef;
        const secret = now.secrets.find(
            (s) => s.metadata!.name === ref?.name && s.metadata!.namespace === pod.metadata!.namespace,
        );
        return ref && secret && decoded(secret)[ref.key];
    };
    if (!container.env?.some((e) => e.name === "APISIX_ADMIN_KEY"))
        return { adminKey: WELL_KNOWN.admin, viewerKey: WELL_KNOWN.viewer };
    const [adminKey, viewerKey] = [value("APISIX_ADMIN_KEY"), value("APISIX_VIEWER_KEY")];
    return adminKey !== undefined && viewerKey !== undefined ? { adminKey, viewerKey } : undefined;
}
