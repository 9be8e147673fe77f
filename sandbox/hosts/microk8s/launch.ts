/** Launch configurations: their fields, and the part that applies before the services start. */
import { parseAllDocuments } from "yaml";
import { DATA, type Files, PERSISTENT_TOKENS } from "./files";

interface LaunchPart {
    addons: { name: string; disable: boolean; args: string[] }[];
    arguments: [service: string, changes: Record<string, string | null>][];
    environment: [file: string, variables: Record<string, string | null>][];
    sans: string[];
    persistentToken?: string;
    join?: { url: string; worker: boolean };
    configFiles: Record<string, string>;
    registries: Record<string, string>;
}

/** The configuration without a file. */
export const DEFAULT_LAUNCH = `---
version: 0.1.0
extraKubeletArgs:
  --cluster-dns: 10.152.183.10
addons:
  - name: dns
`;

const ARGUMENTS: Record<string, string> = {
    extraKubeletArgs: "kubelet",
    extraKubeAPIServerArgs: "kube-apiserver",
    extraKubeProxyArgs: "kube-proxy",
    extraKubeControllerManagerArgs: "kube-controller-manager",
    extraKubeSchedulerArgs: "kube-scheduler",
    extraContainerdArgs: "containerd",
    extraDqliteArgs: "k8s-dqlite",
    extraEtcdArgs: "etcd",
    extraFlanneldArgs: "flanneld",
    extraMicroK8sClusterAgentArgs: "cluster-agent",
    extraMicroK8sAPIServerProxyArgs: "apiserver-proxy",
};
const ENVIRONMENT: Record<string, string> = {
    extraKubeliteEnv: "kubelite-env",
    extraContainerdEnv: "containerd-env",
    extraDqliteEnv: "k8s-dqlite-env",
    extraEtcdEnv: "etcd-env",
    extraFlanneldEnv: "flanneld-env",
    extraMicroK8sClusterAgentEnv: "cluster-agent-env",
    extraMicroK8sAPIServerProxyEnv: "apiserver-proxy-env",
    extraCNIEnv: "cni-env",
    extraFIPSEnv: "fips-env",
};
const OTHERS = [
    "version",
    "persistentClusterToken",
    "join",
    "addons",
    "extraSANs",
    "containerdRegistryConfigs",
    "extraConfigFiles",
];
/** Shorter tokens are rejected. */
const TOKEN_LENGTH = 32;

/**
 * Parses the parts of a launch configuration. An unknown field causes only a warning; a wrong type or version is an error.
 * @throws Error for an invalid configuration
 */
export function parseLaunch(text: string, warn: (line: string) => void = () => undefined): LaunchPart[] {
    return parseAllDocuments(text).map((document) => {
        if (document.errors.length > 0) throw wrong(document.errors[0].message.split("\n")[0]);
        const value: unknown = document.toJS();
        if (typeof value !== "object" || value === null || Array.isArray(value)) throw wrong("must be a map");
        return part(value as Record<string, unknown>, warn);
    });
}

const wrong = (what: string) => new Error(`could not parse configuration: ${what}`);

function part(given: Record<string, unknown>, warn: (line: string) => void): LaunchPart {
    if (given.addonRepositories) throw new Error("unsupported by the sandbox: addonRepositories");
    for (const name of Object.keys(given)) {
        if (OTHERS.includes(name) || name in ARGUMENTS || name in ENVIRONMENT) continue;
        warn(`WARNING: configuration may contain unknown fields (${name}). Any unknown fields will be ignored`);
    }
    checkVersion(given.version);
    const token = optional(given, "persistentClusterToken");
    if (token !== undefined && token.length < TOKEN_LENGTH)
        throw wrong(`persistentClusterToken must have ${TOKEN_LENGTH} characters`);
    const join = given.join === undefined ? undefined : record(given.join, "join");
    return {
        addons: list(given.addons, "addons").map((addon) => {
            const entry = record(addon, "addons");
            const { name, disable = false, args } = entry;
            if (typeof name !== "string" || typeof disable !== "boolean") throw wrong("addons: name, disable");
            return { name, disable, args: list(args, "args").map((arg) => scalar(arg, "args")!) };
        }),
        arguments: maps(given, ARGUMENTS),
        environment: maps(given, ENVIRONMENT),
        sans: list(given.extraSANs, "extraSANs").map((san) => scalar(san, "extraSANs")!),
        persistentToken: token,
        join: join && { url: scalar(join.url, "join.url") ?? "", worker: join.worker === true },
        configFiles: texts(given, "extraConfigFiles"),
        registries: texts(given, "containerdRegistryConfigs"),
    };
}

function checkVersion(version: unknown): void {
    const [, major, minor] = /^(\d+)\.(\d+)\.\d+$/.exec(String(version ?? "")) ?? [];
    if (major === undefined) throw new Error(`could not parse config file version "${String(version ?? "")}"`);
    if (major !== "0" || minor > "2") throw new Error(`config file version is ${version} but the maximum is 0.2.0`);
    if (minor < "1") throw new Error(`config file version is ${version} but the minimum version required is 0.1.0`);
}

function record(value: unknown, name: string): Record<string, unknown> {
    if (typeof value !== "object" || value === null || Array.isArray(value)) throw wrong(`${name} must be a map`);
    return value as Record<string, unknown>;
}

function list(value: unknown, name: string): unknown[] {
    if (value === undefined || value === null) return [];
    if (!Array.isArray(value)) throw wrong(`${name} must be a list`);
    return value;
}

function scalar(value: unknown, name: string): string | null {
    if (value === null || value === undefined) return null;
    if (typeof value === "object") throw wrong(`${name} must be a string`);
    return String(value);
}

function optional(given: Record<string, unknown>, name: string): string | undefined {
    return scalar(given[name], name) ?? undefined;
}

function maps(
    given: Record<string, unknown>,
    fields: Record<string, string>,
): [string, Record<string, string | null>][] {
    return Object.entries(fields)
        .filter(([field]) => given[field] !== undefined && given[field] !== null)
        .map(([field, file]) => {
            const entries = Object.entries(record(given[field], field));
            return [
                file,
                Object.fromEntries(entries.map(([name, value]) => [name, scalar(value, `${field}.${name}`)])),
            ];
        });
}

function texts(given: Record<string, unknown>, field: string): Record<string, string> {
    if (given[field] === undefined) return {};
    const entries = Object.entries(record(given[field], field));
    return Object.fromEntries(entries.map(([name, value]) => [name, scalar(value, field) ?? ""]));
}

/** The part that applies before the services start. Arguments also apply each time the file is applied. */
export function applyBefore(files: Files, parts: LaunchPart[]): void {
    for (const { arguments: all, environment, sans, persistentToken, configFiles, registries } of parts) {
        for (const [service, changes] of all) files.setArguments(service, changes);
        for (const [file, changes] of environment) files.setArguments(file, changes);
        if (sans.length > 0) files.write(`${DATA}/certs/csr.conf.template`, sans.map(alternative).join(""));
        if (persistentToken) files.write(PERSISTENT_TOKENS, `${persistentToken}\n`);
        for (const [name, text] of Object.entries(configFiles)) files.write(`${DATA}/args/${name}`, text);
        for (const [name, text] of Object.entries(registries))
            files.write(`${DATA}/args/certs.d/${name}/hosts.toml`, text);
    }
}

const alternative = (san: string, i: number) => `${/^[\d.]+$/.test(san) ? "IP" : "DNS"}.${100 + i} = ${san}\n`;
