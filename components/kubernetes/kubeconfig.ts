import { output, type Input, type Output } from "@pulumi/pulumi/output";
import { parse } from "yaml";
import type { PlainAccess } from "./api-server";

/** Access to a cluster. */
export interface ClusterAccess {
    /** Content of a kubeconfig. Default: the kubeconfig of the environment (`KUBECONFIG`, else `~/.kube/config`). */
    kubeconfig?: Output<string>;
    /** Context to use. Default: the current context. */
    context?: string;
    /** UID of the cluster (cluster-uid.ts). With another one, the cluster's resources are replaced. Default: not checked. */
    clusterUid?: Input<string>;
}

/**
 * Checks that a text is a kubeconfig with a cluster, a user and a context. Errors never quote the text, since it contains
 * keys.
 */
export function parseKubeconfig(text: string): { ok: true } | { ok: false; why: string } {
    let file: unknown;
    try {
        file = parse(text, { logLevel: "error" });
    } catch {
        return { ok: false, why: "it is not YAML" };
    }
    if (typeof file !== "object" || file === null) return { ok: false, why: "it is a plain text, not a YAML mapping" };
    const missing = ["clusters", "contexts", "users"].filter((key) => {
        const list = (file as Record<string, unknown>)[key];
        return !Array.isArray(list) || list.length === 0;
    });
    return missing.length === 0 ? { ok: true } : { ok: false, why: `it has no ${missing.join(", no ")}` };
}

/** Resolves how to connect to a stack's cluster, with the kubeconfig in plain text. */
export async function plainAccess(cluster: ClusterAccess): Promise<PlainAccess> {
    const { kubeconfig, context } = cluster;
    if (kubeconfig === undefined) return { context };
    return { context, kubeconfig: await new Promise<string>((resolve) => output(kubeconfig).apply(resolve)) };
}
