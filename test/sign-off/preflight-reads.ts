/** The objects outside of a stack's namespaces that its preflight checks read, for the sign-off pages. */
import type { ObjectRef } from "../../components/kubernetes/cluster-reader";
import { preflight } from "../../preflight";
import type { ClusterView } from "../../preflight/kubernetes/cluster";
import { PreflightError } from "../../preflight/preflight-error";
import type { InstalledGateway } from "../../preflight/kubernetes/nodes";
import { sorted } from "./resources";

export interface ClusterReads {
    /** Kinds whose objects are listed in the whole cluster. */
    listed: string[];
    /** Kinds without a namespace whose objects are read by name. */
    read: string[];
}

/** Runs the checks on a cluster that has only CRDs, and records their requests. */
export async function preflightReads(settings: InstalledGateway): Promise<ClusterReads> {
    const listed: string[] = [];
    const read: string[] = [];
    const list = async (kind: string) => (listed.push(kind), []);
    const cluster: ClusterView = {
        server: "https://192.0.2.1:6443",
        version: async () => ({}),
        nodePorts: () => list("Service"),
        storageClasses: () => list("StorageClass"),
        nodes: () => list("Node"),
        list: async (_version, kind, namespace) => (namespace === undefined ? list(kind) : []),
        gatewayTrouble: async () => undefined,
        isOpenEtcd: async () => false,
        read: async ({ kind, namespace }: ObjectRef) => {
            if (namespace === undefined) read.push(kind);
            return kind === "CustomResourceDefinition" ? { metadata: {} } : undefined;
        },
    };
    await preflight(settings, "alpa-auth/sign-off", () => cluster).catch((error: unknown) => {
        // A PreflightError means that all checks ran: it reports the problems of all checks together.
        if (!(error instanceof PreflightError)) throw error;
    });
    return { listed: sorted(listed), read: sorted(read) };
}
