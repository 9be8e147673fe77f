/** The verb `get` of kubectl. */
import { unsupported, type Reply, said } from "../../reply";
import { ask, find, type KubeObject } from "../rest";
import { isNodeReady } from "../ready";
import type { KubectlCall } from "./call";
import { collection, list, type Resource, targets } from "./resources";

export async function get({ rest, words, options }: KubectlCall): Promise<Reply> {
    const { resource, names } = targets(words);
    const namespace = options["--all-namespaces"] ? undefined : (options["--namespace"] ?? "default");
    const path = collection(resource, namespace);
    let objects: KubeObject[] = [];
    if (names.length > 0) {
        for (const name of names) {
            const object = options["--ignore-not-found"]
                ? await find(rest, `${path}/${name}`)
                : await ask<KubeObject>(rest, "GET", `${path}/${name}`);
            if (object) objects.push(object);
        }
    } else {
        objects = await list(rest, path, options["--selector"] ? { labelSelector: options["--selector"] } : {});
    }
    // kubectl prints managedFields only with --show-managed-fields.
    for (const { metadata } of objects) delete metadata.managedFields;
    const whole = names.length === 1 ? objects[0] : { apiVersion: "v1", kind: "List", items: objects, metadata: {} };
    const output = options["--output"] ?? "";
    if (objects.length === 0 && names.length > 0) return said();
    if (output === "json") return said(JSON.stringify(whole, undefined, 4));
    if (output === "name") return said(objects.map(({ metadata }) => `${resource.full}/${metadata.name}\n`).join(""));
    if (output !== "") return unsupported(`kubectl get -o ${output}`);
    if (objects.length === 0) return { code: 0, out: "", err: "No resources found\n" };
    return table(resource, objects);
}

function table({ plural }: Resource, objects: KubeObject[]): Reply {
    const columns = COLUMNS[plural];
    if (!columns) return unsupported(`kubectl get ${plural} as a table`);
    const all = { NAME: ({ metadata }: KubeObject) => metadata.name, ...columns };
    const rows = objects.map((object) => Object.values(all).map((cell) => cell(object)));
    rows.unshift(Object.keys(all));
    const widths = rows[0].map((_cell, i) => Math.max(...rows.map((row) => row[i].length)) + 3);
    return said(
        rows
            .map((row) =>
                row
                    .map((cell, i) => cell.padEnd(widths[i]))
                    .join("")
                    .trimEnd(),
            )
            .join("\n"),
    );
}

type Cell = (object: KubeObject) => string;

const ROLE = "node-role.kubernetes.io/";
const COLUMNS: Record<string, Record<string, Cell>> = {
    nodes: {
        STATUS: (node) =>
            `${isNodeReady(node) ? "Ready" : "NotReady"}${node.spec?.unschedulable ? ",SchedulingDisabled" : ""}`,
        ROLES: ({ metadata }) => {
            const roles = Object.keys(metadata.labels ?? {}).filter((name) => name.startsWith(ROLE));
            return roles.map((name) => name.slice(ROLE.length)).join(",") || "<none>";
        },
        AGE: age,
        VERSION: (node) => node.status?.nodeInfo?.kubeletVersion ?? "",
    },
    deployments: {
        READY: ({ spec, status }) => `${status?.readyReplicas ?? 0}/${spec?.replicas ?? 1}`,
        "UP-TO-DATE": ({ status }) => String(status?.updatedReplicas ?? 0),
        AVAILABLE: ({ status }) => String(status?.availableReplicas ?? 0),
        AGE: age,
    },
    namespaces: { STATUS: ({ status }) => status?.phase ?? "Active", AGE: age },
};
function age({ metadata }: KubeObject): string {
    const seconds = Math.round((Date.now() - Date.parse(metadata.creationTimestamp ?? "")) / 1000);
    return seconds < 120 ? `${seconds}s` : `${Math.round(seconds / 60)}m`;
}
