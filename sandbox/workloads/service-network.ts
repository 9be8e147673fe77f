/**
 * Emulates the cluster's DNS, kube-proxy and pod network: names and addresses of Services, addresses of pods. Facts: address
 * ranges of MicroK8s; endpoints of a Service are its ready pods, or all its pods with publishNotReadyAddresses.
 */
import type { V1Pod, V1Service } from "@kubernetes/client-node";
import { POD_RANGE, SERVICE_RANGE } from "../control-plane/arguments";
import { isReady, selects, type Snapshot } from "./cluster";
import { byAge } from "./pods/images";

interface ServiceNetworkOptions {
    snapshot: () => Snapshot;
    /** Port on 127.0.0.1 that emulates a port of a pod; undefined if nothing listens on it. */
    portOf: (pod: V1Pod, port: number) => number | undefined;
    /** Whether the node of a pod is reachable. */
    reachable: (pod: V1Pod) => boolean;
}

const NAME = /^([^.]+)\.([^.]+)\.svc(?:\.cluster\.local)?\.?$/;

export class ServiceNetwork {
    constructor(private readonly options: ServiceNetworkOptions) {}

    /**
     * Port on 127.0.0.1 for a host name or address in the cluster; undefined for any other host.
     * @throws Error if the name does not exist, or nothing listens there
     */
    readonly resolve = (host: string, port: number): number | undefined => {
        const service = this.service(host);
        const refused = new Error(`dial tcp ${host}:${port}: connect: connection refused`);
        if (service) {
            const found = this.behind(service, port);
            if (found === undefined) throw refused;
            return found;
        }
        if (NAME.test(host)) throw new Error(`lookup ${host}: no such host`);
        if (!isInside(host)) return undefined;
        const found = this.podPort(host, port);
        if (found === undefined) throw refused;
        return found;
    };

    /** Port on 127.0.0.1 that emulates a port of the pod with this address. */
    readonly podPort = (address: string, port: number): number | undefined => {
        const pod = this.options.snapshot().pods.find(({ status }) => status?.podIP === address);
        return pod && this.local(pod, port);
    };

    /** Ports of the Service of this name. */
    readonly portsOf = (host: string): number[] | undefined => this.service(host)?.spec?.ports?.map(({ port }) => port);

    private service(host: string): V1Service | undefined {
        const [, name, namespace] = NAME.exec(host) ?? [];
        return this.options
            .snapshot()
            .services.find(({ metadata, spec }) =>
                name === undefined
                    ? spec?.clusterIP === host
                    : metadata!.name === name && metadata!.namespace === namespace,
            );
    }

    /** During a rollout, the youngest pod gets the connection, because older pods are about to end. */
    private behind(service: V1Service, port: number): number | undefined {
        const { publishNotReadyAddresses } = service.spec!;
        return this.options
            .snapshot()
            .pods.filter((pod) => selects(service, pod) && (publishNotReadyAddresses || isReady(pod)))
            .sort(byAge)
            .map((pod) => this.local(pod, targetOf(service, port, pod)))
            .filter((found) => found !== undefined)
            .at(-1);
    }

    private local(pod: V1Pod, port: number | undefined): number | undefined {
        return port !== undefined && this.options.reachable(pod) ? this.options.portOf(pod, port) : undefined;
    }
}

/** Target port of a Service port, which can be the name of a container port. A headless Service does not translate ports. */
function targetOf({ spec }: V1Service, port: number, pod: V1Pod): number | undefined {
    const found = spec!.ports?.find((one) => one.port === port);
    if (spec!.clusterIP === "None") return port;
    const target = found?.targetPort ?? found?.port;
    if (typeof target !== "string") return target;
    return pod.spec!.containers.flatMap(({ ports = [] }) => ports).find(({ name }) => name === target)?.containerPort;
}

/** Whether an address is in the Service or pod range. The comparison of texts works because both prefixes are whole octets. */
function isInside(host: string): boolean {
    return [SERVICE_RANGE, POD_RANGE].some((range) => {
        const [address, bits] = range.split("/");
        const octets = address.split(".").slice(0, Number(bits) / 8);
        return host.startsWith(`${octets.join(".")}.`);
    });
}
