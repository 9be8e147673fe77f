import type { KubeObject } from "./rest";

export function isNodeReady(node: KubeObject): boolean {
    const conditions = (node.status?.conditions ?? []) as { type: string; status: string }[];
    return conditions.some(({ type, status }) => type === "Ready" && status === "True");
}
