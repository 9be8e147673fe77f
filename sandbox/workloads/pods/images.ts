/** Images of the pods that the sandbox emulates. */
import type { V1Pod } from "@kubernetes/client-node";

/** Matches APISIX images of any registry and version. */
export const APISIX = /(^|\/)apisix:/;
export const ETCD = /(^|\/)etcd:/;
export const CONTROLLER = /(^|\/)apisix-ingress-controller:/;
export const VALKEY = /(^|\/)valkey\/valkey:\d/;

/** Image of Rampart's controller in the emulated chart. */
export const RAMPART = /^rampart\.invalid\/controller:/;

/** The pause image, which does nothing, in any version. */
export const PAUSE = /^registry\.k8s\.io\/pause:\d/;

/** Images of cloudflared in the only emulated version. */
export const CLOUDFLARED = /^(docker\.io\/)?cloudflare\/cloudflared:2026\.8\.2(@sha256:[\da-f]{64})?$/;

export function image(pod: V1Pod, pattern: RegExp): string | undefined {
    return pod.spec?.containers.map((c) => c.image!).find((i) => pattern.test(i));
}

export function runs(pod: V1Pod, pattern: RegExp): boolean {
    return image(pod, pattern) !== undefined && pod.metadata?.ownerReferences?.[0]?.kind !== "Job";
}

/** Whether the containers of a pod run, ready or not. */
export function isRunning(pod: V1Pod): boolean {
    return pod.status?.phase === "Running" && !pod.metadata?.deletionTimestamp;
}

/**
 * Compares pods by age, for sorting: the youngest is last. Pods of the same age are sorted by uid, so their order is stable.
 */
export function byAge(a: V1Pod, b: V1Pod): number {
    const created = (pod: V1Pod) => new Date(pod.metadata!.creationTimestamp ?? 0).getTime();
    return created(a) - created(b) || (a.metadata!.uid! < b.metadata!.uid! ? -1 : 1);
}
