/**
 * Explains a failed test: prints the last lines of the emulators and of Pulumi, and the pods that are not ready. mocha
 * prints only the assertion.
 */
import {
    CoreV1Api,
    type KubeConfig,
    type V1Node,
    type V1PersistentVolumeClaim,
    type V1Pod,
} from "@kubernetes/client-node";

const LINES = 150;
const said: string[] = [];
let cluster: KubeConfig | undefined;

let showing: Promise<void> = Promise.resolve();

process.on("test failed", () => (showing = show()));
afterEach(() => showing);

async function show(): Promise<void> {
    if (said.length === 0) return;
    console.log(`      the world's last ${said.length} lines, UTC:`);
    for (const line of said) console.log(`        ${line}`);
    if (cluster === undefined) return;
    const api = cluster.makeApiClient(CoreV1Api);
    const looks = [
        api.listNode(),
        api.listPodForAllNamespaces(),
        api.listPersistentVolumeClaimForAllNamespaces(),
    ] as const;
    const unready = await Promise.all(looks).then(
        ([nodes, pods, claims]) => [
            ...nodes.items.flatMap(trouble),
            ...pods.items.flatMap(trouble),
            ...claims.items.flatMap(unbound),
        ],
        (error: Error) => [error.message.split("\n")[0]],
    );
    console.log(`      nodes, pods and claims that are not ready: ${unready.length}`);
    for (const line of unready) console.log(`        ${line}`);
}

/** Keeps a line to print it if a test fails. */
export function worldLog(line: string): void {
    said.push(`${new Date().toISOString().slice(11, 23)} ${line.split("\n").slice(0, 3).join(" ").slice(0, 400)}`);
    if (said.length > LINES) said.shift();
}

/** Sets the cluster that is read when a test fails. */
export function worldCluster(kubeConfig: KubeConfig | undefined): void {
    cluster = kubeConfig;
}

/** Resolves when everything about a failed test is printed. Await this before the cluster ends. */
export async function worldShown(): Promise<void> {
    await showing;
    cluster = undefined;
}

function unbound({ metadata, status, spec }: V1PersistentVolumeClaim): string[] {
    if (status?.phase === "Bound") return [];
    return [`claim ${metadata?.namespace}/${metadata?.name}, ${status?.phase} of class ${spec?.storageClassName}`];
}

function trouble({ metadata, status, spec }: V1Pod | V1Node): string[] {
    const conditions = status?.conditions ?? [];
    if (conditions.some(({ type, status: is }) => type === "Ready" && is === "True")) return [];
    const words = conditions
        .filter(({ status: is }) => is !== "True")
        .map((c) => `${c.type}: ${c.reason} ${c.message}`);
    const name = [metadata?.namespace, metadata?.name].filter(Boolean).join("/");
    const place = (spec as V1Pod["spec"])?.nodeName;
    return [`${name}${place ? ` on ${place}` : ""}, ${words.join("; ") || "no condition yet"}`];
}
