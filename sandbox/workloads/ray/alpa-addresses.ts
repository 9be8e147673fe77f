/**
 * Emulates the cluster's DNS, kube-proxy and pod network for Alpa in pods: names and addresses of Services, and of pods. Facts:
 * MicroK8s' ranges of addresses; a Service leads to its ready pods, or with publishNotReadyAddresses to all of them.
 */
import type { V1Pod, V1Service } from "@kubernetes/client-node";
import { POD_RANGE, SERVICE_RANGE } from "../../control-plane/arguments";
import { isReady, selects, type Snapshot } from "../cluster";
import { ALPA_PORT } from "./container";

export interface AlpaPods {
    emulates(pod: V1Pod): boolean;
    /** Port on 127.0.0.1 of Alpa in a pod; undefined where its port is not open. */
    alpaOf(pod: V1Pod): number | undefined;
}

/**
 * Port on 127.0.0.1 that emulates an address; undefined if the address is not one of Alpa's pods or Services.
 * @throws Error if it is such an address, but no program answers
 */
export function alpaAddress(now: Snapshot, pods: AlpaPods, host: string, port: number): number | undefined {
    const refused = new Error(`${host}:${port}: connection refused`);
    const [, name, namespace] = /^([^.]+)\.([^.]+)\.svc\.cluster\.local\.?$/.exec(host) ?? [];
    const service = now.services.find(({ metadata, spec }) =>
        name === undefined ? spec?.clusterIP === host : metadata!.name === name && metadata!.namespace === namespace,
    );
    if (service) {
        const behind = now.pods.filter((pod) => pods.emulates(pod) && selects(service, pod));
        // Another emulator has pods behind it, or there are none yet.
        if (behind.length === 0) return name === undefined ? fail(refused) : undefined;
        const reached = behind.filter((pod) => service.spec!.publishNotReadyAddresses || isReady(pod));
        const open = reached.filter((pod) => targetOf(service, port, pod) === ALPA_PORT).map(pods.alpaOf);
        return open.find((one) => one !== undefined) ?? fail(refused);
    }
    if (!isInside(host)) return undefined;
    const pod = now.pods.find(({ status }) => status?.podIP === host);
    return (pod && port === ALPA_PORT ? pods.alpaOf(pod) : undefined) ?? fail(refused);
}

/** Port of a pod that a Service's port leads to; a headless Service leads to the same one. */
function targetOf({ spec }: V1Service, port: number, pod: V1Pod): number | undefined {
    if (spec!.clusterIP === "None") return port;
    const found = spec!.ports?.find((one) => one.port === port);
    const target = found?.targetPort ?? found?.port;
    if (typeof target !== "string") return target;
    return pod.spec!.containers.flatMap(({ ports = [] }) => ports).find(({ name }) => name === target)?.containerPort;
}

/** Both ranges end at a dot of the address. */
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
