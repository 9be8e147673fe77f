/**
 * Emulates the kubelet's checks of a pod before its containers start: without them kwok would report every pod as ready, even
 * without a required Secret. Messages are those of kubelet 1.34.
 */
import type { V1Container, V1Pod, V1Volume } from "@kubernetes/client-node";
import { connectorProblem } from "./connector-pods";
import { profileProblem } from "./gateway-settings/file";
import { etcdProblem } from "./etcd/flags";
import { operatorProblem } from "./operators";
import { preStopProblem } from "./pods/end";
import { APISIX, CLOUDFLARED, RAMPART, VALKEY } from "./pods/images";
import { valkeyProblem } from "./redis-pods";

/** Existing objects that pods can refer to; maps and sets have keys `namespace/name`. */
export interface Supplies {
    secrets: Map<string, Record<string, string>>;
    configMaps: Map<string, Record<string, string>>;
    /** PersistentVolumeClaims that have a volume. */
    boundClaims: Set<string>;
    /**
     * Whether a Service has a ready pod.
     * @param namespace namespace of the client. It is used if the host name contains no namespace
     */
    reachable: (namespace: string, host: string, port: number) => boolean;
    /** Address of Cloudflare's edge for connectors; undefined if the world has none. */
    edge?: string;
    /** Images that this world supports in addition to IMAGES. */
    images?: RegExp[];
    /** Whether the connector of a pod is connected to the edge. */
    connected?: (pod: V1Pod) => boolean;
    /** Whether the gateway of a pod listens. @default as soon as its pod is ready */
    listens?: (pod: V1Pod) => boolean;
}

/** Why containers have not started. */
export interface Waits {
    /** The waiting container; unset if the whole pod waits. */
    container?: string;
    reason: string;
    message: string;
}

export interface Missing extends Waits {
    /** Set if the containers run and the pod waits only for its readiness probe. */
    runs?: true;
}

/** Supported images. Any other image cannot be pulled in the sandbox. The digest of an image is not checked. */
const IMAGES = [
    /^(docker\.io\/)?apache\/apisix:3\.(1[7-9]|[2-9]\d)\.\d+(-\w+)?(@sha256:[\da-f]{64})?$/,
    /^(docker\.io\/)?apache\/apisix-ingress-controller:2\.0\.1$/,
    /^ghcr\.io\/api7\/adc:0\.23\.1$/,
    /^gcr\.io\/etcd-development\/etcd:v3\.6\.\d+(@sha256:[\da-f]{64})?$/,
    VALKEY,
    CLOUDFLARED,
    RAMPART,
];

/** The first thing a pod waits for; undefined if it can start. */
export function missing(pod: V1Pod, supplies: Supplies): Missing | undefined {
    const namespace = pod.metadata!.namespace!;
    for (const volume of pod.spec?.volumes ?? []) {
        const problem = missingInVolume(volume, namespace, supplies);
        if (problem) return waiting(`MountVolume.SetUp failed for volume "${volume.name}" : ${problem}`);
        const claim = volume.persistentVolumeClaim?.claimName;
        if (claim && !supplies.boundClaims.has(`${namespace}/${claim}`))
            return waiting(`pod has unbound immediate PersistentVolumeClaims (${claim})`);
    }
    for (const container of [...(pod.spec?.initContainers ?? []), ...(pod.spec?.containers ?? [])]) {
        if (![...IMAGES, ...(supplies.images ?? [])].some((image) => image.test(container.image!)))
            return {
                container: container.name,
                reason: "ErrImagePull",
                message: `unsupported by the sandbox: image ${container.image}`,
            };
        const message = missingInEnvironment(container, namespace, supplies);
        if (message) return { container: container.name, reason: "CreateContainerConfigError", message };
        const unsupported =
            valkeyProblem(container) ??
            connectorProblem(container, supplies.edge) ??
            operatorProblem(container) ??
            etcdProblem(container) ??
            apisixProblem(pod, container, supplies);
        if (unsupported) return { container: container.name, reason: "CreateContainerError", message: unsupported };
        // kwok would set a pod to running and ready at once, so the pod's wait for its readiness probe is emulated here.
        if (CLOUDFLARED.test(container.image!) && !supplies.connected?.(pod))
            return waiting("Readiness probe failed: HTTP probe failed with statuscode: 503");
        if (APISIX.test(container.image!) && supplies.listens?.(pod) === false)
            return { ...waiting("Readiness probe failed: dial tcp: connect: connection refused"), runs: true };
    }
    return undefined;
}

function apisixProblem(pod: V1Pod, container: V1Container, supplies: Supplies): string | undefined {
    if (!APISIX.test(container.image!)) return undefined;
    const reachable = (host: string, port: number) => supplies.reachable(pod.metadata!.namespace!, host, port);
    return preStopProblem(container) ?? profileProblem(pod, container, supplies.configMaps, reachable);
}

/** Why a volume cannot be mounted: the first Secret, ConfigMap or key that does not exist; undefined if all exist. */
function missingInVolume(volume: V1Volume, namespace: string, supplies: Supplies): string | undefined {
    const { secret, configMap, projected } = volume;
    const sources = [
        { secret: secret && { ...secret, name: secret.secretName }, configMap },
        ...(projected?.sources ?? []),
    ];
    for (const source of sources) {
        const [kind, ref] = source.secret
            ? (["secret", source.secret] as const)
            : (["configmap", source.configMap] as const);
        if (!ref || ref.optional) continue;
        const found = supplies[kind === "secret" ? "secrets" : "configMaps"].get(`${namespace}/${ref.name}`);
        if (!found) return `${kind} "${ref.name}" not found`;
        const key = ref.items?.find((item) => !(item.key in found))?.key;
        if (key) return `references non-existent ${kind === "secret" ? "secret" : "config"} key: ${key}`;
    }
    return undefined;
}

function missingInEnvironment(container: V1Container, namespace: string, supplies: Supplies): string | undefined {
    if (container.envFrom) return "unsupported by the sandbox: envFrom";
    for (const { valueFrom } of container.env ?? []) {
        const { secretKeyRef: secret, configMapKeyRef: map } = valueFrom ?? {};
        const ref = secret ?? map;
        if (!ref || ref.optional) continue;
        const found = (secret ? supplies.secrets : supplies.configMaps).get(`${namespace}/${ref.name}`);
        if (!found) return `${secret ? "secret" : "configmap"} "${ref.name}" not found`;
        if (!(ref.key in found))
            return `couldn't find key ${ref.key} in ${secret ? "Secret" : "ConfigMap"} ${namespace}/${ref.name}`;
    }
    return undefined;
}

function waiting(message: string): Missing {
    return { reason: "ContainerCreating", message };
}
