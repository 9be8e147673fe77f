/**
 * Runs the real KubeRay operator for each ready pod of the operator, with the pod's arguments and plain variables, and the
 * permissions of its ServiceAccount, but without ports for metrics and probes. If the process ends, the pod stays ready, and
 * the process is not restarted.
 */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { V1Container, V1Pod } from "@kubernetes/client-node";
import type { ControlPlane } from "../control-plane";
import { writeSecret } from "../control-plane/secret-file";
import { spawnTracked, type TrackedProcess } from "../processes";
import versions from "../toolchain/versions.json";
import { isReady, type Cluster, type Snapshot } from "./cluster";
import { runs } from "./pods/images";
import { serviceAccountOf } from "./pods/service-account";

/** Image of the operator in the only supported version. */
export const OPERATOR = new RegExp(`(^|/)kuberay/operator:v${versions.kuberay.replaceAll(".", "\\.")}$`);

/** Why a container of KubeRay's operator is unsupported; undefined if it is supported. */
export function operatorProblem({ image, command = [], env = [] }: V1Container): string | undefined {
    if (!OPERATOR.test(image!)) return undefined;
    if (command.some((word) => word !== "/manager"))
        return `unsupported by the sandbox: KubeRay's operator with the command ${command.join(" ")}`;
    const foreign = env.find(({ valueFrom }) => valueFrom);
    return foreign && `unsupported by the sandbox: KubeRay's operator with a variable with valueFrom (${foreign.name})`;
}

export interface OperatorsOptions {
    /** Path of the program. */
    program: string;
    stateDir: string;
    /** Environment of the program. It must have the variable that marks processes of the sandbox. */
    env: NodeJS.ProcessEnv;
    cluster: Cluster;
    controlPlane: Pick<ControlPlane, "tokenKubeconfig">;
    log: (line: string) => void;
}

export class Operators {
    /** Running operators, by uid of their pod. */
    private readonly running = new Map<string, TrackedProcess>();

    constructor(private readonly options: OperatorsOptions) {}

    async reconcile(now: Snapshot): Promise<void> {
        const ready = now.pods.filter((pod) => runs(pod, OPERATOR) && isReady(pod));
        for (const [uid, running] of this.running)
            if (!ready.some((pod) => pod.metadata!.uid === uid)) {
                this.running.delete(uid);
                await running.stop();
            }
        for (const pod of ready) {
            const uid = pod.metadata!.uid!;
            if (!this.running.has(uid)) this.running.set(uid, await this.start(pod));
        }
    }

    async close(): Promise<void> {
        await Promise.all([...this.running.values()].map((one) => one.stop()));
    }

    private async start(pod: V1Pod): Promise<TrackedProcess> {
        const { program, stateDir, env, cluster, controlPlane, log } = this.options;
        const { namespace, name } = pod.metadata!;
        const container = pod.spec!.containers.find(({ image }) => OPERATOR.test(image!))!;
        const home = join(stateDir, "operators");
        const kubeconfig = join(home, `${name}.kubeconfig`);
        const logFile = join(home, `${name}.log`);
        const access = await serviceAccountOf(pod, cluster, controlPlane);
        mkdirSync(home, { recursive: true, mode: 0o700 });
        writeSecret(kubeconfig, access);
        const started = await spawnTracked({
            name: `operator ${name}`,
            command: program,
            // In a cluster, the operator reads its namespace from a mounted file.
            args: [
                ...(container.args ?? []),
                ...[`--leader-election-namespace=${namespace}`, "--metrics-addr=0", "--health-probe-bind-address=0"],
            ],
            env: {
                ...env,
                ...Object.fromEntries((container.env ?? []).map((variable) => [variable.name, variable.value ?? ""])),
                KUBECONFIG: kubeconfig,
            },
            logFile,
            stateDir,
        });
        log(`${namespace}/${name}: KubeRay's operator runs (${logFile})`);
        void started.exited.then(({ code }) => {
            if (this.running.get(pod.metadata!.uid!) === started)
                log(`${namespace}/${name}: KubeRay's operator has ended with exit code ${code}. See ${logFile}`);
        });
        return started;
    }
}
