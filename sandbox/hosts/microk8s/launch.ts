/**
 * Parses launch configurations (the fields that this project sets), and applies their arguments and SANs before services start.
 */
import { parseAllDocuments } from "yaml";
import { DATA, type Files } from "./files";

interface LaunchPart {
    /** Names of add-ons to enable. */
    addons: string[];
    arguments: [service: string, changes: Record<string, string | null>][];
    sans: string[];
}

/** The launch configuration that applies if no file exists. */
export const DEFAULT_LAUNCH = `---
version: 0.1.0
extraKubeletArgs:
  --cluster-dns: 10.152.183.10
addons:
  - name: dns
`;

/** File with arguments, by the field that sets them. */
const ARGUMENTS: Record<string, string> = {
    extraKubeletArgs: "kubelet",
    extraKubeAPIServerArgs: "kube-apiserver",
    extraCNIEnv: "cni-env",
};
/** Fields of MicroK8s that the sandbox does not support. */
const UNSUPPORTED = [
    ...["persistentClusterToken", "join", "containerdRegistryConfigs", "extraConfigFiles", "addonRepositories"],
    ...["extraKubeProxyArgs", "extraKubeControllerManagerArgs", "extraKubeSchedulerArgs", "extraContainerdArgs"],
    ...["extraDqliteArgs", "extraEtcdArgs", "extraFlanneldArgs", "extraMicroK8sClusterAgentArgs"],
    ...["extraMicroK8sAPIServerProxyArgs", "extraKubeliteEnv", "extraContainerdEnv", "extraDqliteEnv", "extraEtcdEnv"],
    ...["extraFlanneldEnv", "extraMicroK8sClusterAgentEnv", "extraMicroK8sAPIServerProxyEnv", "extraFIPSEnv"],
];

/**
 * Parses a launch configuration. @returns its parts (YAML documents). An unknown field causes only a warning; a wrong type or
 * version is an error.
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
    for (const name of Object.keys(given)) {
        if (["version", "addons", "extraSANs"].includes(name) || name in ARGUMENTS) continue;
        if (UNSUPPORTED.includes(name)) throw new Error(`unsupported by the sandbox: field ${name}`);
        warn(`WARNING: configuration may contain unknown fields (${name}). Any unknown fields will be ignored`);
    }
    checkVersion(given.version);
    return {
        addons: list(given.addons, "addons").map((addon) => {
            const { name, ...more } = record(addon, "addons");
            if (typeof name !== "string") throw wrong("addons: name");
            const [other] = Object.keys(more);
            if (other) throw new Error(`unsupported by the sandbox: field ${other} of an add-on`);
            return name;
        }),
        arguments: maps(given, ARGUMENTS),
        sans: list(given.extraSANs, "extraSANs").map((san) => scalar(san, "extraSANs")!),
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

/**
 * Sets the arguments and SANs of a launch configuration. It is called before services start, and again when the launcher
 * (launcher.ts) applies the configuration.
 */
export function applyBefore(files: Files, parts: LaunchPart[]): void {
    for (const { arguments: all, sans } of parts) {
        for (const [file, changes] of all) files.setArguments(file, changes);
        if (sans.length > 0) files.write(`${DATA}/certs/csr.conf.template`, sans.map(alternative).join(""));
    }
}

const alternative = (san: string, i: number) => `${/^[\d.]+$/.test(san) ? "IP" : "DNS"}.${100 + i} = ${san}\n`;
