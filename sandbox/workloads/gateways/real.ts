/**
 * Starts a real APISIX for each pod that waits for its readiness probe: the pod becomes ready when its gateway listens. A
 * failed start is repeated, as kubelet does.
 */
import type { V1Pod } from "@kubernetes/client-node";
import type { Gateway } from "../../gateway/server";
import { startApisix } from "../../real/apisix";
import type { ClusterNetwork } from "../../real/network";
import type { Found } from "../../real/parts";
import { folderOf, type Ground } from "../../real/run";
import { pause } from "../../processes";
import { settingsOf } from "../gateway-settings/file";
import type { Snapshot } from "../cluster";
import { variablesOf } from "../pods/environment";
import { APISIX, runs } from "../pods/images";

/** Wait after a failed start, in milliseconds. */
const BACKOFF_MILLISECONDS = 2000;

interface Start {
    gateway?: Gateway;
    /** Resolves when the gateway listens or its start has failed. */
    over: Promise<void>;
    /** Whether the pod was deleted during the start. If so, the gateway is ended when its start is complete. */
    unwanted?: boolean;
}

export class RealGateways {
    /** Starts of gateways, by uid of their pod. */
    private readonly starts = new Map<string, Start>();
    private readonly stop = new AbortController();

    constructor(
        private readonly found: Found,
        private readonly ground: Ground,
        private readonly network: Pick<ClusterNetwork, "addressOf" | "dnsAddress">,
        private readonly changed: () => void,
    ) {}

    /** Starts a gateway, unless it is started already. */
    begin(pod: V1Pod, now: Snapshot): void {
        const uid = pod.metadata!.uid!;
        if (this.starts.has(uid) || this.stop.signal.aborted) return;
        const start: Start = { over: Promise.resolve() };
        this.starts.set(uid, start);
        start.over = this.bringUp(pod, now, start);
    }

    /** The gateway of a pod; undefined until it listens. */
    gatewayOf(pod: V1Pod): Gateway | undefined {
        return this.starts.get(pod.metadata!.uid!)?.gateway;
    }

    /**
     * Ends the gateways of pods that no longer exist.
     * @param taken whether GatewayPods has taken over the gateway of the pod with this uid. GatewayPods then ends the gateway
     */
    async reconcile(now: Snapshot, taken: (uid: string) => boolean): Promise<void> {
        const uids = new Set(now.pods.filter((pod) => runs(pod, APISIX)).map(({ metadata }) => metadata!.uid!));
        for (const [uid, start] of this.starts) {
            if (uids.has(uid)) continue;
            this.starts.delete(uid);
            start.unwanted = true;
            if (!taken(uid)) await start.gateway?.kill();
        }
    }

    async close(): Promise<void> {
        this.stop.abort();
        for (const start of this.starts.values()) {
            await start.over;
            await start.gateway?.kill();
        }
    }

    private async bringUp(pod: V1Pod, now: Snapshot, start: Start): Promise<void> {
        const { uid, namespace, name } = pod.metadata!;
        const { log } = this.ground;
        try {
            const container = pod.spec!.containers.find(({ image }) => APISIX.test(image!))!;
            const gateway = await startApisix(this.ground, {
                found: this.found,
                title: `${namespace}/${name}`,
                folder: folderOf(this.ground, uid!),
                settings: mustHaveSettings(pod, now),
                variables: variablesOf(pod, container, now),
                addressOf: (host) => this.network.addressOf(host),
                dns: this.network.dnsAddress,
            });
            if (start.unwanted || this.stop.signal.aborted) return await gateway.kill();
            start.gateway = gateway;
            log(`${namespace}/${name}: APISIX ${this.found.version} runs, data port ${gateway.port}`);
        } catch (error) {
            log(`${namespace}/${name}: ${(error as Error).message}`);
            await pause(BACKOFF_MILLISECONDS, this.stop.signal);
            this.starts.delete(uid!);
        }
        this.changed();
    }
}

function mustHaveSettings(pod: V1Pod, now: Snapshot): { name: string; text: string } {
    const found = settingsOf(pod, now);
    if (!found) throw new Error("settings file: must be mounted from a ConfigMap with subPath");
    return found;
}
