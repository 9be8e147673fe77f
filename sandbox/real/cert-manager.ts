/** Starts a real cert-manager controller for a cluster, with the arguments of its release's Deployment. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { freePort, lastLines, waitFor } from "../processes";
import type { Found } from "./parts";
import { startProgram, type Ground } from "./run";

/** Longest wait for the controller's first answer, in seconds. */
const START_SECONDS = 60;
/** Longest wait for one answer, in milliseconds. */
const ANSWER_MILLISECONDS = 2000;

interface CertManagerOptions {
    found: Found;
    /** kubeconfig for the API server. */
    kubeconfigPath: string;
}

/** @throws Error with the last lines of cert-manager's log */
export async function startRealCertManager(
    ground: Ground,
    { found, kubeconfigPath }: CertManagerOptions,
): Promise<{ close(): Promise<void> }> {
    const folder = join(ground.stateDir, "pods", "cert-manager");
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const health = `127.0.0.1:${await freePort()}`;
    const started = await startProgram(ground, {
        name: "cert-manager",
        command: [
            found.paths.controller,
            `--kubeconfig=${kubeconfigPath}`,
            "--v=2",
            "--cluster-resource-namespace=cert-manager",
            "--leader-election-namespace=kube-system",
            "--max-concurrent-challenges=60",
            `--metrics-listen-address=127.0.0.1:${await freePort()}`,
            `--internal-healthz-listen-address=${health}`,
        ],
        folder,
    });
    const last = () => `The last lines of ${started.logFile}:\n${lastLines(started.logFile)}`;
    let ended = false;
    void started.exited.then(({ code }) => {
        ended = true;
        if (code) ground.log(`cert-manager has ended with exit code ${code}. See ${started.logFile}`);
    });
    const answers = async () => ended || (await isHealthy(`http://${health}/livez`));
    try {
        await waitFor("cert-manager to answer", answers, { seconds: START_SECONDS, hint: last });
        if (ended) throw new Error(`cert-manager ended while starting. ${last()}`);
    } catch (error) {
        await started.stop({ graceSeconds: 0 });
        throw error;
    }
    ground.log(`cert-manager ${found.version} runs`);
    return { close: () => started.stop() };
}

async function isHealthy(url: string): Promise<boolean> {
    try {
        return (await fetch(url, { signal: AbortSignal.timeout(ANSWER_MILLISECONDS) })).ok;
    } catch {
        return false;
    }
}
