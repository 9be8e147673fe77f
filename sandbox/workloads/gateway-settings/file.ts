/**
 * The settings file of a container of APISIX 3.18: conf/config.yaml, or conf/config-<profile>.yaml if the variable
 * APISIX_PROFILE is set. The file must be mounted from a ConfigMap with `subPath`. A profile's file is also checked for
 * settings with which the emulated gateway cannot start.
 */
import type { V1Container, V1Pod } from "@kubernetes/client-node";
import { parse } from "yaml";
import { Unsupported } from "../../gateway/unsupported";
import type { Snapshot } from "../cluster";
import { observedOf } from "./observed";
import { APISIX } from "../pods/images";

const FOLDER = "/usr/local/apisix/conf";

type ConfigMaps = Map<string, Record<string, string>>;

function profileOf(container: V1Container): string | undefined {
    return container.env?.find(({ name }) => name === "APISIX_PROFILE")?.value;
}

export function containerOf(pod: V1Pod): V1Container {
    return pod.spec!.containers.find(({ image }) => APISIX.test(image!))!;
}

/** @param configMaps by `namespace/name` */
function settingsFile(pod: V1Pod, container: V1Container, configMaps: ConfigMaps): string | undefined {
    const profile = profileOf(container);
    const path = `${FOLDER}/config${profile === undefined ? "" : `-${profile}`}.yaml`;
    const mount = container.volumeMounts?.find(({ mountPath }) => mountPath === path);
    const name = pod.spec!.volumes?.find((volume) => volume.name === mount?.name)?.configMap?.name;
    return configMaps.get(`${pod.metadata!.namespace}/${name}`)?.[mount?.subPath ?? ""];
}

/** Text and file name of a pod's settings file, from the current ConfigMaps of the cluster. */
export function settingsOf(pod: V1Pod, now: Snapshot): { name: string; text: string } | undefined {
    const container = containerOf(pod);
    const maps = now.configMaps.map(({ metadata: m, data }) => [`${m!.namespace}/${m!.name}`, data ?? {}] as const);
    const profile = profileOf(container);
    const text = settingsFile(pod, container, new Map(maps));
    return text === undefined ? undefined : { name: `config${profile === undefined ? "" : `-${profile}`}.yaml`, text };
}

interface Settings {
    apisix?: { node_listen?: unknown };
    deployment?: {
        role?: string;
        role_traditional?: { config_provider?: string };
        admin?: { admin_listen?: { ip?: string; port?: number }; admin_key?: { name?: string; key?: string }[] };
        etcd?: { host?: string[]; user?: string; password?: string };
    };
}

/** Why the settings of the access log or of metrics are unsupported; undefined if they are supported. */
function unsupportedIn(text: string): string | undefined {
    try {
        observedOf(text);
        return undefined;
    } catch (error) {
        if (error instanceof Unsupported) return error.message;
        throw error;
    }
}

/**
 * Why a gateway does not start with the file of its profile.
 * @param reachable whether a pod answers behind the name of a Service
 */
export function profileProblem(
    pod: V1Pod,
    container: V1Container,
    configMaps: ConfigMaps,
    reachable: (host: string, port: number) => boolean,
): string | undefined {
    const profile = profileOf(container);
    if (profile === undefined) return undefined;
    const text = settingsFile(pod, container, configMaps);
    if (text === undefined) return `failed to load conf/config-${profile}.yaml: no such file`;
    const unsupported = unsupportedIn(text);
    if (unsupported !== undefined) return unsupported;
    const { apisix, deployment } = (parse(text) ?? {}) as Settings;
    const { role, role_traditional, admin, etcd } = deployment ?? {};
    const { ip, port } = admin?.admin_listen ?? {};
    const usual = role === "traditional" && role_traditional?.config_provider === "etcd" && ip === "0.0.0.0";
    if (!usual || port !== 9180 || ![apisix?.node_listen].flat().includes(9080))
        return "unsupported by the sandbox: APISIX without etcd, port 9080, or an Admin API at 0.0.0.0:9180";
    const names = container.env?.map(({ name }) => name) ?? [];
    const isVariable = (text = "") => names.includes(/^\$\{\{(\w+)\}\}$/.exec(text)?.[1] ?? "");
    const keys = admin?.admin_key ?? [];
    if (keys.length === 0 || !keys.every(({ key }) => isVariable(key)))
        return "admin_key: must be set, and refer to environment variables of the container";
    // Without etcd.user, APISIX sends etcd no password, even if the environment has one.
    const ofPassword = [etcd?.user !== undefined, isVariable(etcd?.password), names.includes("APISIX_ETCD_PASSWORD")];
    if (new Set(ofPassword).size > 1)
        return "etcd: must have user and password from the variable APISIX_ETCD_PASSWORD, or none of the three";
    const hosts = etcd?.host ?? [];
    const answers = hosts.some((host) => {
        const { hostname, port: of } = new URL(host);
        return reachable(hostname, Number(of));
    });
    return answers ? undefined : `all etcd nodes are unavailable: ${hosts.join(", ")}`;
}
