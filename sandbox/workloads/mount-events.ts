/**
 * Writes the event of a kubelet that cannot mount a volume of a pod. The container's status says only "ContainerCreating".
 * Facts: kubelet 1.34.
 *
 * Emulated: one event per pod and message, a second after the first attempt.
 * Unsupported: further attempts and their count.
 */
import type { CoreV1Event, V1Pod } from "@kubernetes/client-node";
import { createHash } from "node:crypto";
import type { Cluster } from "./cluster";

const FAILED = "MountVolume.SetUp failed";
/**
 * Pause before the event. Event times are whole seconds. Without the pause, the scheduler's earlier event could have
 * the same time and be sorted after it.
 */
const LATER_MILLISECONDS = 1000;

/**
 * Writes the event if a pod waits for a volume.
 * @param log called if the event cannot be written, for example because the pod was deleted
 */
export function tellMountFailure(
    { rest }: Pick<Cluster, "rest">,
    pod: V1Pod,
    message: string,
    log: (line: string) => void = () => undefined,
): void {
    if (!message.startsWith(FAILED)) return;
    const event = eventOf(pod, message);
    const path = `/api/v1/namespaces/${event.metadata.namespace}/events/${event.metadata.name}`;
    const write = () =>
        rest
            .apply(path, { ...event, lastTimestamp: new Date().toISOString().replace(/\.\d+/, "") })
            .catch((error: Error) => log(`${event.metadata.name}: ${error.message}`));
    setTimeout(write, LATER_MILLISECONDS).unref();
}

function eventOf({ metadata, spec }: V1Pod, message: string) {
    const { namespace, name, uid } = metadata!;
    const suffix = createHash("sha256").update(`${uid} ${message}`).digest("hex").slice(0, 16);
    return {
        apiVersion: "v1",
        kind: "Event",
        metadata: { namespace, name: `${name}.${suffix}` },
        involvedObject: { apiVersion: "v1", kind: "Pod", namespace, name, uid },
        reason: "FailedMount",
        message,
        type: "Warning",
        count: 1,
        source: { component: "kubelet", host: spec!.nodeName },
        reportingComponent: "kubelet",
    } satisfies Partial<CoreV1Event> & { metadata: { namespace?: string } };
}
