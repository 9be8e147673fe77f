/** Sections "Identities" and "Secrets", from the stack's objects and from the permissions in the docs. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Seen } from "../kit";
import type { ClusterReads } from "./preflight-reads";
import { code, kindOf, ofKind, plain, sorted, table } from "./resources";

const HEAD = ["Identity", "May", "Where"];

/**
 * What the ingress controller may read in all namespaces, from templates/cluster_role.yaml of chart
 * apisix-ingress-controller 1.1.1.
 */
const CONTROLLER = [
    "account of the ingress controller",
    "read every Secret, Service, Pod, Namespace and EndpointSlice, and the objects of APISIX, the Gateway API and " +
        "Ingress; write their status; hold its Lease",
    "the cluster",
];

/** @param reads objects of the whole cluster that the preflight checks read */
export function clusterIdentities(seen: Seen[], reads: ClusterReads): string {
    const byNamespace = new Map<string, string[]>();
    for (const one of seen.filter(({ custom, inputs }) => custom && inputs.apiVersion && inputs.kind)) {
        // A GatewayClass has no namespace, although Pulumi's provider sets `default`.
        const namespace = kindOf(one) === "GatewayClass" ? "" : (one.inputs.metadata?.namespace ?? "");
        byNamespace.set(namespace, [...(byNamespace.get(namespace) ?? []), kindOf(one)]);
    }
    // A dynamic resource of this project has no Kubernetes kind.
    for (const { inputs } of ofKind(seen, "ConversionRecord")) {
        const namespace = String(inputs.metadata.namespace);
        byNamespace.set(namespace, [...(byNamespace.get(namespace) ?? []), "ConfigMap"]);
    }
    const account = [...byNamespace]
        .sort()
        .map(([namespace, kinds]) => [
            "account of the kubeconfig",
            `create, read, change and delete ${sorted(kinds).join(", ")}`,
            namespace === "" ? "the cluster" : `namespace ${code(namespace)}`,
        ]);
    const gateway = ofKind(seen, "GatewayProxy").map(({ inputs }) => [
        "account of the kubeconfig",
        "create `pods/portforward`, to verify that each gateway pod has a change",
        `namespace ${code(inputs.metadata.namespace)}`,
    ]);
    // A patched object is left out, because it belongs to a chart.
    const own = ofKind(seen, "Deployment", "DaemonSet").filter(({ type }) => !type.endsWith("Patch"));
    const pods = own.map(({ inputs }) => {
        const { automountServiceAccountToken: mounted, securityContext = {} } = inputs.spec.template.spec;
        const user = securityContext.runAsUser === undefined ? "" : `, user ${securityContext.runAsUser}`;
        return [
            `pods of ${code(inputs.metadata.name)}`,
            `${mounted === false ? "nothing: no ServiceAccount is mounted" : "the permissions of the namespace's default ServiceAccount"}${user}`,
            `namespace ${code(inputs.metadata.namespace)}`,
        ];
    });
    const checks = [
        ["account of the kubeconfig", `list every ${reads.listed.join(", ")}, to check before a change`, "the cluster"],
        ["account of the kubeconfig", `read ${reads.read.join(", ")} by name, to check before a change`, "the cluster"],
    ];
    return table(HEAD, [...account, ...checks, ...gateway, CONTROLLER, ...pods, ...sshIdentities(seen)]);
}

export function edgeIdentities(seen: Seen[]): string {
    return table(HEAD, [
        ...tokenPermissions().map(([permission, needed]) => ["API token", permission, needed]),
        ...sshIdentities(seen),
    ]);
}

/**
 * The permissions of the API token. Their table in the docs is complete, because engine tests run with exactly these
 * permissions.
 */
function tokenPermissions(): [permission: string, needed: string][] {
    const page = readFileSync(join(__dirname, "../../docs/set-up/cloudflare.md"), "utf8");
    const rows = [...page.matchAll(/^\| ((?:Zone|Account): .+?) +\| .+? +\| (.+?) +\|$/gm)];
    if (rows.length < 9)
        throw new Error("the table of permissions in docs/set-up/cloudflare.md has changed its format");
    return rows.map(([, permission, needed]) => [permission, `needed: ${needed}`]);
}

function sshIdentities(seen: Seen[]): string[][] {
    const users = ofKind(seen, "Command").map(({ inputs }) => String(plain(inputs.connection).user));
    return sorted(users).map((user) => [
        `SSH user ${code(user)}`,
        "become root, to install and run services",
        "the hosts",
    ]);
}

export function secrets(seen: Seen[], callers: string[]): string {
    const objects = ofKind(seen, "Secret").map(({ inputs }) => {
        const { name, namespace } = inputs.metadata as { name: string; namespace: string };
        return {
            name: callers.some((caller) => name.startsWith(`${caller}.`)) ? "<caller>.<credential>" : name,
            namespace,
            keys: Object.keys(plain(inputs.data ?? inputs.stringData) ?? {}),
            usedBy: usedBy(seen, name),
        };
    });
    const rows = sorted(objects.map(({ name, namespace }) => `${namespace} ${name}`)).map((id) => {
        const [namespace, name] = id.split(" ");
        const same = objects.filter((one) => one.name === name && one.namespace === namespace);
        const all = (of: "keys" | "usedBy") => sorted(same.flatMap((one) => one[of]));
        return [
            `Secret ${code(name)}: ${all("keys").map(code).join(", ")}`,
            `any account that may read Secrets or create pods in ${code(namespace)}; used by ${all("usedBy").join(", ") || "no object"}`,
        ];
    });
    // The ingress controller needs the Secrets with credentials, but may read every Secret of the cluster.
    const controller = ofKind(seen, "GatewayProxy").map(() => [
        "all Secrets above, and all others of the cluster",
        "the account of the ingress controller, and any account that may create pods in its namespace",
    ]);
    return table(["Secret", "Can be read by"], [...rows, ...controller, ...tokens(seen), ...generated(seen)]);
}

/** Kinds of the objects that name a Secret. */
function usedBy(seen: Seen[], name: string): string[] {
    const named = new RegExp(`"${name.replaceAll(".", "\\.")}"`);
    return seen
        .filter((one) => one.custom && kindOf(one) !== "Secret")
        .filter(({ inputs: { __provider: _, ...inputs } }) => named.test(JSON.stringify(inputs)))
        .map(({ inputs, type }) => inputs.kind ?? type)
        .filter((kind: string) => !kind.includes(":"));
}

function tokens(seen: Seen[]): string[][] {
    const count = ofKind(seen, "ZeroTrustAccessServiceToken").length;
    if (count === 0) return [];
    return [
        ["service token of each credential", "anyone with the state and its key; Cloudflare shows its secret once"],
        [
            "token of the tunnel",
            "root and the connectors on each host of `tunnel.hosts`; anyone with the state and its key",
        ],
    ];
}

function generated(seen: Seen[]): string[][] {
    const names = seen.filter(({ type }) => /:Random(Password|Uuid)$/.test(type)).map(({ name }) => name);
    if (names.length === 0) return [];
    return [["the generated seeds of keys, passwords and token secrets", "anyone with the stack's state and its key"]];
}
