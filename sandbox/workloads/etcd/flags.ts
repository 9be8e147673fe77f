/** Reads the configuration of an etcd 3.6 container. Only flags are supported, no variables or files. */
import type { V1Container, V1Pod } from "@kubernetes/client-node";
import type { Snapshot } from "../cluster";
import { expanded, variablesOf } from "../pods/environment";
import { ETCD } from "../pods/images";

/** Flags that a container of etcd may have. Some of them have no effect in the sandbox. */
const FLAGS = [
    ...["name", "data-dir", "initial-cluster", "initial-cluster-token", "initial-cluster-state"],
    ...["listen-client-urls", "advertise-client-urls", "listen-peer-urls", "initial-advertise-peer-urls"],
    ...["listen-metrics-urls", "auto-compaction-mode", "auto-compaction-retention"],
];

/**
 * The etcd flags of a pod by name, with the values of variables inserted.
 * @throws Error of {@link variablesOf} if the value of a variable cannot be determined
 */
export function etcdFlags(pod: V1Pod, now: Snapshot): Record<string, string> {
    const container = etcdContainer(pod);
    const variables = variablesOf(pod, container, now);
    return Object.fromEntries(flagsOf(container).map(([flag, value]) => [flag, expanded(value, variables)]));
}

/** Why a container is unsupported; undefined if it is supported. */
export function etcdProblem(container: V1Container): string | undefined {
    if (!ETCD.test(container.image!)) return undefined;
    if (container.command?.join(" ") !== "etcd")
        return "unsupported by the sandbox: an etcd container with a command other than etcd. Set the flags in args.";
    const other = flagsOf(container).find(([flag]) => !FLAGS.includes(flag));
    return other && `unsupported by the sandbox: etcd with --${other[0]}`;
}

/** Names of the members of a pod's etcd, in the order of the flag initial-cluster. */
export function memberNames(pod: V1Pod): string[] {
    const listed = flagsOf(etcdContainer(pod)).find(([flag]) => flag === "initial-cluster")?.[1];
    return listed?.split(",").map((member) => member.split("=")[0]) ?? [pod.metadata!.name!];
}

function etcdContainer(pod: V1Pod): V1Container {
    return pod.spec!.containers.find(({ image }) => ETCD.test(image!))!;
}

function flagsOf({ args = [] }: V1Container): [flag: string, value: string][] {
    return args.map((arg) => {
        const [flag, ...value] = arg.replace(/^--/, "").split("=");
        return [flag, value.join("=")];
    });
}
