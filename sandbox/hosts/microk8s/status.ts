/** The command `microk8s status`. */
import { failed, unsupported, type Reply, said } from "../reply";
import type { ProgramCall } from "../emulated-program";
import { type Addon, ADDONS } from "./addons";
import { pause } from "../../processes";
import type { Microk8sNode } from "./node";
import { readOptions } from "../options";
import { isNodeReady } from "./ready";
import { ask, type KubeObject } from "./rest";

const NOT_RUNNING = "microk8s is not running. Use microk8s inspect for a deeper inspection.";

export async function status(node: Microk8sNode, { args, signal }: ProgramCall): Promise<Reply> {
    const { found, rest, odd } = readOptions(args, {
        "--format": "value",
        "--wait-ready": "flag",
        "-w": "--wait-ready",
        "--timeout": "value",
        "-t": "--timeout",
        "--addon": "value",
        "-a": "--addon",
        "--yaml": "flag",
    });
    if (odd ?? rest[0]) return unsupported(`microk8s status ${odd ?? rest[0]}`);
    const format = found["--yaml"] ? "yaml" : (found["--format"] ?? "pretty");
    if (!["pretty", "yaml", "short"].includes(format))
        return failed(`argument --format: invalid choice: '${format}'`, 2);
    if (!node.running) return said("microk8s is not running, try microk8s start");
    const seconds = Number(found["--timeout"] ?? 0);
    const until = seconds > 0 ? Date.now() + seconds * 1000 : Infinity;
    let ready = await isReady(node);
    while (!ready && found["--wait-ready"] && Date.now() < until && !signal.aborted) {
        await pause(100, signal);
        ready = await isReady(node);
    }
    const notReady = (out: string): Reply => ({ code: found["--wait-ready"] ? 1 : 0, out: `${out}\n`, err: "" });
    if (found["--addon"]) {
        const wanted = found["--addon"].replace(/^core\//, "");
        const isOn = ready && (await enabled(node)).some(({ name }) => name === wanted);
        return isOn || ready ? said(isOn ? "enabled" : "disabled") : notReady("disabled");
    }
    if (!ready)
        return notReady(format === "yaml" ? `microk8s:\n  running: False\n  message: ${NOT_RUNNING}` : NOT_RUNNING);
    const on = await enabled(node);
    return said(
        { pretty, yaml, short }[format as "pretty"](
            node,
            on,
            ADDONS.filter((addon) => !on.includes(addon)),
        ),
    );
}

/** Whether the cluster is ready: its API answers, the Service `kubernetes` exists, and at least one node is Ready. */
async function isReady({ cluster: { rest } }: Microk8sNode): Promise<boolean> {
    try {
        await ask(rest, "GET", "/api/v1/namespaces/default/services/kubernetes");
        const { items } = await ask<{ items: KubeObject[] }>(rest, "GET", "/api/v1/nodes");
        return items.some(isNodeReady);
    } catch {
        return false;
    }
}

async function enabled(node: Microk8sNode): Promise<Addon[]> {
    const on = await Promise.all(ADDONS.map((addon) => addon.emulated?.isOn(node.cluster, node.place.files)));
    return ADDONS.filter((_addon, i) => on[i]);
}

const isHighlyAvailable = (node: Microk8sNode) => node.storeOf().filter(({ role }) => role === "voter").length >= 3;

function pretty(node: Microk8sNode, on: Addon[], off: Addon[]): string {
    const store = node.storeOf();
    const with_ = (role: string) => {
        const found = store.filter((one) => one.role === role).map(({ address }) => address);
        return found.length > 0 ? found.join(" ") : "none";
    };
    const row = ({ name, description }: Addon) => `    ${name.padEnd(20)} # (core) ${description}`;
    return [
        "microk8s is running",
        `high-availability: ${isHighlyAvailable(node) ? "yes" : "no"}`,
        `  datastore master nodes: ${with_("voter")}`,
        `  datastore standby nodes: ${with_("standby")}`,
        "addons:",
        "  enabled:",
        ...on.map(row),
        "  disabled:",
        ...off.map(row),
    ].join("\n");
}

function yaml(node: Microk8sNode, on: Addon[], off: Addon[]): string {
    const rows = (addons: Addon[], state: string) =>
        addons.map((addon) =>
            [
                `  - name: ${addon.name}`,
                `    description: ${addon.description}`,
                `    version: ${addon.version}`,
                `    status: ${state}`,
            ].join("\n"),
        );
    return [
        "microk8s:",
        "  running: True",
        "high-availability:",
        `  enabled: ${isHighlyAvailable(node) ? "True" : "False"}`,
        "  nodes:",
        ...node.storeOf().map(({ address, role }) => `    - address: ${address}\n      role: ${role}`),
        "addons:",
        ...rows(on, "enabled"),
        ...rows(off, "disabled"),
    ].join("\n");
}

function short(_node: Microk8sNode, on: Addon[], off: Addon[]): string {
    const rows = (addons: Addon[], state: string) => addons.map(({ name }) => `core/${name}: ${state}`);
    return ["microk8s is running", "addons:", ...rows(on, "enabled"), ...rows(off, "disabled")].join("\n");
}
