import type { PlainAccess } from "../../components/kubernetes/api-server";
import type { Context } from "../context";
import { ask } from "./pulumi";
import type { Stack } from "./stack";
import { PROJECT, readValue } from "./stack-file";

/** Access to the cluster of a stack. Its kubeconfig stays in this process. */
export async function accessOf({ pulumi }: Context, stack: Stack): Promise<PlainAccess> {
    if (readValue(stack.text, "cluster", "nodes") !== undefined) {
        const output = ["stack", "output", "kubeconfig", "--show-secrets", "--stack", stack.name];
        return { kubeconfig: await ask(pulumi, output) };
    }
    const context = readValue(stack.text, "cluster", "context");
    const access: PlainAccess = context === undefined ? {} : { context: String(context) };
    if (readValue(stack.text, "cluster", "kubeconfig") === undefined) return access;
    const args = ["config", "get", "--path", `${PROJECT}:cluster.kubeconfig`, "--stack", stack.name];
    const kubeconfig = await ask(pulumi, [...args, "--config-file", stack.file]);
    return { ...access, kubeconfig };
}
