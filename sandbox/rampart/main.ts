/**
 * Emulates petuum/rampart 47a837c (2023-04-07) on an existing API server: its CRD, admission webhook and controller. It runs
 * the real helm.
 * Unsupported: flows, inputs and outputs, annotations of charts, charts of a repository in a Secret.
 */
import { KubeConfig } from "@kubernetes/client-node";
import { Controller } from "./controller.js";
import { GRAPH_CRD } from "./graph.js";
import { Helm } from "./helm.js";
import { installDefinitions } from "./kubernetes/install.js";
import { Rest } from "./kubernetes/rest.js";
import { startWebhook } from "./webhook.js";

interface RampartOptions {
    kubeConfigPath: string;
    /** Path of the helm program. */
    helmPath: string;
    /** Folder for helm's caches. */
    stateDir: string;
    /** Duration of one watch, in seconds; 60 in the real controller. A deletion is completed only in the next watch. */
    watchCycleSeconds: number;
    log?: (line: string) => void;
}

export async function startRampart(options: RampartOptions): Promise<{ close(): Promise<void> }> {
    const kubeConfig = new KubeConfig();
    kubeConfig.loadFromFile(options.kubeConfigPath);
    const rest = new Rest(kubeConfig);
    await installDefinitions(rest, [GRAPH_CRD]);
    const webhook = await startWebhook(rest);
    const controller = new Controller({ rest, helm: new Helm(options), log: () => {}, ...options });
    return {
        close: async () => {
            await controller.close();
            await webhook.close();
        },
    };
}
