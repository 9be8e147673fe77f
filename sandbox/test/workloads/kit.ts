/** Objects of a cluster for the tests of workloads, and a cluster that only records requests. */
import type { V1Node, V1Pod, V1Service } from "@kubernetes/client-node";
import type { Snapshot } from "../../workloads/cluster";

/** Settings of every pod of APISIX. They contain the address of etcd. */
const SETTINGS = "deployment: { etcd: { host: ['http://etcd.apisix.svc.cluster.local:2379'] } }";

export function snapshot(parts: Partial<Snapshot> = {}): Snapshot {
    const empty = {
        nodes: [],
        pods: [],
        services: [],
        secrets: [],
        configMaps: [{ metadata: { name: "settings", namespace: "apisix" }, data: { "config.yaml": SETTINGS } }],
        claims: [],
        volumes: [],
        storageClasses: [],
    };
    return { ...empty, ...parts };
}

export interface PodArgs {
    image: string;
    /** @default "component" */
    instance?: string;
    ready?: boolean;
    /** Unix seconds. */
    created?: number;
    uid?: string;
    keysOf?: string;
    ports?: { name: string; containerPort: number }[];
    /** @default "Running" */
    phase?: string;
    /** Whether the deletion of the pod was requested. */
    deleted?: boolean;
    graceSeconds?: number;
    preStopSeconds?: number;
    node?: string;
    /** Plain variables. */
    env?: Record<string, string>;
    command?: string[];
    args?: string[];
}

export function pod(args: PodArgs): V1Pod {
    const from = (name: string, key: string) => ({ name, valueFrom: { secretKeyRef: { name: args.keysOf, key } } });
    const env = [
        ...(args.keysOf ? [from("APISIX_ADMIN_KEY", "admin"), from("APISIX_VIEWER_KEY", "viewer")] : []),
        ...Object.entries(args.env ?? {}).map(([name, value]) => ({ name, value })),
    ];
    const mount = { name: "settings", mountPath: "/usr/local/apisix/conf/config.yaml", subPath: "config.yaml" };
    const isApisix = /apisix:/.test(args.image);
    const { command, args: words } = args;
    const lifecycle =
        args.preStopSeconds === undefined
            ? {}
            : { preStop: { exec: { command: ["/bin/sh", "-c", `sleep ${args.preStopSeconds}`] } } };
    return {
        metadata: {
            name: args.uid ?? "pod",
            namespace: "apisix",
            uid: args.uid ?? "pod",
            creationTimestamp: new Date((args.created ?? 0) * 1000),
            ...(args.deleted ? { deletionTimestamp: new Date(), deletionGracePeriodSeconds: args.graceSeconds } : {}),
            labels: { app: args.image.replace(/:.*/, ""), "app.kubernetes.io/instance": args.instance ?? "component" },
        },
        spec: {
            nodeName: args.node,
            containers: [
                {
                    ...{ name: "main", image: args.image, env, ports: args.ports, lifecycle, command, args: words },
                    ...(isApisix ? { volumeMounts: [mount] } : {}),
                },
            ],
            ...(isApisix ? { volumes: [{ name: "settings", configMap: { name: "settings" } }] } : {}),
        },
        status: {
            phase: args.phase ?? "Running",
            conditions: [{ type: "Ready", status: (args.ready ?? true) ? "True" : "False" }],
        },
    } as V1Pod;
}

export function service(name: string, image: string, port: object): V1Service {
    return {
        metadata: { name, namespace: "apisix" },
        spec: { selector: { app: image.replace(/:.*/, "") }, ports: [port] },
    } as V1Service;
}

export function node(name: string, address: string): V1Node {
    return { metadata: { name }, status: { addresses: [{ type: "InternalIP", address }] } };
}

export function secret(name: string, data: Record<string, string>) {
    const encoded = Object.entries(data).map(([key, text]) => [key, Buffer.from(text).toString("base64")]);
    return { metadata: { name, namespace: "apisix" }, data: Object.fromEntries(encoded) as Record<string, string> };
}
