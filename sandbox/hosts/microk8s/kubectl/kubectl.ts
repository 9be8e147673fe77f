/**
 * Emulator of `microk8s kubectl` 1.34 with the verbs that the management of nodes needs: get, label, taint, cordon, uncordon,
 * drain, delete node, wait, rollout status, version. It sends real requests to the cluster's API. Any other verb, resource,
 * option or output format is an error that names it. The emulator reads neither standard input nor files.
 */
import { unsupported, type Reply } from "../../reply";
import type { ProgramCall } from "../../emulated-program";
import { ApiError, type KubeRest } from "../rest";
import { type KubectlCall, KubectlError } from "./call";
import { drain } from "./drain";
import { get } from "./get";
import { cordon, deleteNodes, label, taint } from "./nodes";
import { readOptions, type Known } from "../../options";
import { rolloutStatus, waitFor } from "./waiting";

type Verb = { run(call: KubectlCall): Promise<Reply>; options: Known };

const SELECT: Known = { "--selector": "value", "-l": "--selector" };
const NAMESPACE: Known = { "--namespace": "value", "-n": "--namespace" };
const EVERYWHERE: Known = { "--all-namespaces": "flag", "-A": "--all-namespaces" };
const OUTPUT: Known = { "--output": "value", "-o": "--output" };
const COMMON: Known = { "--request-timeout": "value" };

const VERBS: Record<string, Verb> = {
    get: {
        run: get,
        options: {
            ...SELECT,
            ...NAMESPACE,
            ...EVERYWHERE,
            ...OUTPUT,
            "--ignore-not-found": "flag",
        },
    },
    label: { run: label, options: { ...SELECT, "--overwrite": "flag", "--all": "flag" } },
    taint: { run: taint, options: { ...SELECT, "--overwrite": "flag", "--all": "flag" } },
    cordon: { run: (call) => cordon(call, true), options: SELECT },
    uncordon: { run: (call) => cordon(call, false), options: SELECT },
    drain: {
        run: drain,
        options: {
            "--ignore-daemonsets": "flag",
            "--delete-emptydir-data": "flag",
            "--force": "flag",
            "--timeout": "value",
            "--grace-period": "value",
        },
    },
    delete: {
        run: deleteNodes,
        options: { "--ignore-not-found": "flag", "--timeout": "value", "--wait": "maybe" },
    },
    wait: {
        run: waitFor,
        options: { ...NAMESPACE, ...SELECT, "--for": "value", "--timeout": "value", "--all": "flag" },
    },
    rollout: { run: rolloutStatus, options: { ...NAMESPACE, "--timeout": "value", "--watch": "maybe" } },
};

export async function kubectl(
    rest: KubeRest,
    { args, signal }: ProgramCall,
    milliseconds: (seconds: number) => number,
): Promise<Reply> {
    // Reads all options first, because they can come before the verb.
    const first = readOptions(args, Object.assign({}, COMMON, ...Object.values(VERBS).map(({ options }) => options)));
    const name = first.rest[0] ?? "";
    const verb = Object.hasOwn(VERBS, name) ? VERBS[name] : undefined;
    if (!verb) return unsupported(`kubectl ${name}`);
    const at = args.indexOf(name);
    const rest_ = [...args.slice(0, at), ...args.slice(at + 1)];
    const { found, rest: words, odd } = readOptions(rest_, { ...COMMON, ...verb.options });
    if (odd) return unsupported(`kubectl ${name} ${odd}`);
    try {
        return await verb.run({ rest, words, options: found, signal, milliseconds });
    } catch (error) {
        if (error instanceof ApiError || error instanceof KubectlError)
            return { code: 1, out: "", err: `${error.message}\n` };
        throw error;
    }
}
