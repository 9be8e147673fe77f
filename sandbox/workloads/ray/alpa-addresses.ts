/**
 * Emulates the cluster's DNS, kube-proxy and pod network for Alpa in pods: names and addresses of Services and pods. Facts:
 * address ranges of MicroK8s; endpoints of a Service are its ready pods, or all its pods with publishNotReadyAddresses.
 */
import type { V1Pod, V1Service } from "@kubernetes/client-node";
import { POD_RANGE, SERVICE_RANGE } from "../../control-plane/arguments";
import { isReady, selects, type Snapshot } from "../cluster";
import { ALPA_PORT } from "./container";

interface AlpaPods {
    emulates(pod: V1Pod): boolean;
    /** Port on 127.0.0.1 of Alpa in a pod; undefined if its port is closed. */
    alpaOf(pod: V1Pod): number | undefined;
}

/**
 * Port on 127.0.0.1 of Alpa for a host name or address in the cluster; undefined if the host does not belong to a pod or
 * Service with Alpa.
 * @throws Error if the host belongs to a pod or Service, but Alpa does not listen there
 */
export function alpaAddress(now: Snapshot, pods: AlpaPods, host: string, port: number): number | undefined {
    const refused = new Error(`${host}:${port}: connection refused`);
    const [, name, namespace] = /^([^.]+)\.([^.]+)\.svc\.cluster\.local\.?$/.exec(host) ?? [];
    const service = now.services.find(({ metadata, spec }) =>
        name === undefined ? spec?.clusterIP === host : metadata!.name === name && metadata!.namespace === namespace,
    );
    if (service) {
        const behind = now.pods.filter((pod) => pods.emulates(pod) && selects(service, pod));
        // No pod of the Service runs Alpa, or the Service has no pod yet.
        if (behind.length === 0) return name === undefined ? fail(refused) : undefined;
        const reached = behind.filter((pod) => service.spec!.publishNotReadyAddresses || isReady(pod));
        const open = reached.filter((pod) => targetOf(service, port, pod) === ALPA_PORT).map(pods.alpaOf);
        return open.find((one) => one !== undefined) ?? fail(refused);
    }
    if (!isInside(host)) return undefined;
    const pod = now.pods.find(({ status }) => status?.podIP === host);
    return (pod && port === ALPA_PORT ? pods.alpaOf(pod) : undefined) ?? fail(refused);
}

/** Target port of a Service port. A headless Service does not translate ports. */
function targetOf({ spec }: V1Service, port: number, pod: V1Pod): number | undefined {
    if (spec!.clusterIP === "None") return port;
    const found = spec!.ports?.find((one) => one.port === port);
    const target = found?.targetPort ?? found?.port;
    if (typeof target !== "string") return target;
    return pod.spec!.containers.flatMap(({ ports = [] }) => ports).find(({ name }) => name === target)?.containerPort;
}

/** Whether an address is in the Service or pod range. The comparison of texts works because both prefixes are whole octets. */
function isInside(host: string): boolean {
    return [SERVICE_RANGE, POD_RANGE].some((range) => {
        const [address, bits] = range.split("/");
        return host.startsWith(
            `${address
                .split(".")
                .slice(0, Number(bits) / 8)
                .join(".")}.`,
        );
    });
}

function fail(error: Error): never {
    throw error;
}
