/**
 * Runs one gateway for each ready pod of APISIX: the emulator or the real program. Each gateway has its own counters, and
 * the Admin API keys that its pod had when it started. When a pod is deleted, its containers end as with kubelet (see
 * pods/end.ts), and then the object of the pod is deleted. A forced deletion removes the object first. In this case the
 * connections of the pod are reset, as after SIGKILL.
 *
 * Unsupported: restarts of a container in its pod, liveness probes, and readiness probes of a running container.
 */
import type { V1Pod } from "@kubernetes/client-node";
import type { Configuration } from "../../gateway/objects/configuration";
import type { Resolve } from "../../gateway/counters/shared-counters";
import { startGateway, type Gateway } from "../../gateway/server";
import { elapse, type Clock } from "../clock";
import { isReady, type Snapshot } from "../cluster";
import { observedOf } from "../gateway-settings/observed";
import { tlsOf } from "../gateway-settings/tls";
import { APISIX, byAge, image, runs } from "../pods/images";
import { containerOf, settingsOf } from "../gateway-settings/file";
import { adminKeys, etcdPassword } from "../gateway-settings/secrets";
import type { RealGateways } from "./real";
import { podEnd } from "../pods/end";
import { variablesOf } from "../pods/environment";

export interface GatewayPod {
    pod: V1Pod;
    gateway: Gateway;
    /** Output of the pod's container, oldest line first. Unset if the output is not kept. */
    output?: () => string;
    /** Text of the settings file when the gateway started. */
    settings: string | undefined;
    /**
     * `runs`; `leaves`: preStop runs, and the gateway still accepts connections; `quits`: it only finishes requests in
     * progress; `gone`: it has ended.
     */
    state: "runs" | "leaves" | "quits" | "gone";
    /** Time at which the pod was deleted, or its gateway ended without a deletion; milliseconds since the epoch. */
    leftAt?: number;
}

interface GatewayPodsOptions {
    clock: Clock;
    /** Resolves names and addresses for connections of the gateways. */
    resolve: Resolve;
    configurationOf(pod: V1Pod, now: Snapshot): Configuration;
    /** Whether the node of a pod is reachable. On an unreachable node no gateway is started or ended. */
    reachable(pod: V1Pod): boolean;
    /** Called before the requests in progress of a pod are aborted. */
    cut(uid: string): void;
    /** Called when the containers of a deleted pod have ended, to delete its object. */
    ended(pod: V1Pod): Promise<void>;
    /** Real gateways, each started before its pod is ready. @default emulators */
    real?: RealGateways;
    /** Called with each answer of an emulator. */
    onAnswer?: (answered: { caller: string | null; status: number }) => void;
    log(line: string): void;
}

export class GatewayPods {
    /** Gateways, by uid of their pod. */
    private readonly pods = new Map<string, GatewayPod>();
    private readonly ending = new Map<string, Promise<void>>();
    private readonly stop = new AbortController();

    constructor(private readonly options: GatewayPodsOptions) {}

    async reconcile(now: Snapshot): Promise<void> {
        const found = now.pods.filter((pod) => runs(pod, APISIX)).sort(byAge);
        for (const pod of found) {
            const { uid, deletionTimestamp } = pod.metadata!;
            const known = this.pods.get(uid!);
            if (known) known.pod = pod;
            if (!this.options.reachable(pod)) continue;
            if (!known && isReady(pod)) await this.start(pod, now);
            else if (known?.state === "runs" && deletionTimestamp) this.leave(known);
            else if (known && ["Failed", "Succeeded"].includes(pod.status?.phase ?? "")) await this.kill(uid!);
            else if (!known && deletionTimestamp && !this.ending.has(uid!)) this.finish(pod, Promise.resolve());
        }
        for (const uid of this.pods.keys()) if (!found.some((pod) => pod.metadata!.uid === uid)) await this.kill(uid);
        await this.options.real?.reconcile(now, (uid) => this.pods.has(uid));
    }

    get(uid: string): GatewayPod | undefined {
        return this.pods.get(uid);
    }

    /** Running gateways, and ended gateways that `forget` has not removed. The youngest is last. */
    list(): GatewayPod[] {
        return [...this.pods.values()].sort((a, b) => byAge(a.pod, b.pod));
    }

    /** Ends a gateway at once, and resets its connections. */
    async kill(uid: string): Promise<void> {
        const known = this.pods.get(uid);
        if (!known || known.state === "gone") return;
        known.state = "gone";
        known.leftAt ??= Date.now();
        this.options.cut(uid);
        await known.gateway.kill();
    }

    /** Forgets gateways that ended before a time. @param before milliseconds since the epoch */
    forget(before: number): void {
        for (const [uid, { state, leftAt }] of this.pods)
            if (state === "gone" && leftAt! < before && !this.ending.has(uid)) this.pods.delete(uid);
    }

    async close(): Promise<void> {
        this.stop.abort();
        await Promise.all([...this.pods.keys()].map((uid) => this.kill(uid)));
        await Promise.all(this.ending.values());
    }

    private async start(pod: V1Pod, now: Snapshot): Promise<void> {
        const { clock, resolve, log, real, onAnswer } = this.options;
        const { uid, namespace, name } = pod.metadata!;
        const settings = settingsOf(pod, now)?.text;
        if (real) {
            const gateway = real.gatewayOf(pod);
            if (gateway) this.pods.set(uid!, { pod, gateway, output: gateway.output, settings, state: "runs" });
            return;
        }
        const keys = adminKeys(pod, now);
        const { secondLasts } = clock;
        const etcd = { configuration: this.options.configurationOf(pod, now), etcdPassword: etcdPassword(pod, now) };
        const { accessLog, metrics } = observedOf(settings);
        const lines: string[] = [];
        const written = accessLog && { ...accessLog, write: (line: string) => keep(lines, line) };
        const env = variablesOf(pod, containerOf(pod), now);
        const own = { ...keys, ...tlsOf(settings), ...etcd, metrics, accessLog: written, env };
        const gateway = await startGateway({ port: 0, adminPort: 0, ...own, resolve, secondLasts, onAnswer, log });
        this.pods.set(uid!, { pod, gateway, output: () => lines.join(""), settings, state: "runs" });
        log(`${namespace}/${name}: an emulator of APISIX 3.18.0 runs as ${image(pod, APISIX)}`);
    }

    private leave(leaving: GatewayPod): void {
        const { pod } = leaving;
        leaving.state = "leaves";
        leaving.leftAt = Date.now();
        this.finish(pod, this.endInOrder(leaving));
    }

    private async endInOrder(leaving: GatewayPod): Promise<void> {
        const { clock } = this.options;
        const { signal } = this.stop;
        const { pod, gateway, settings } = leaving;
        const container = containerOf(pod);
        const { preStop, answers } = podEnd(pod, container, settings);
        // Without a preStop, the state changes to `quits` at once.
        if (preStop > 0) await elapse(clock, preStop, signal);
        if ((leaving.state as GatewayPod["state"]) === "gone") return;
        leaving.state = "quits";
        const done = new AbortController();
        const quits = gateway.close(Infinity).finally(() => done.abort());
        await Promise.race([quits, elapse(clock, answers, AbortSignal.any([signal, done.signal]))]);
        // If all requests were answered in time, the gateway is not killed: a kill could cut the last bytes, which may still be
        // in transit.
        if (done.signal.aborted) leaving.state = "gone";
        await this.kill(pod.metadata!.uid!);
    }

    private finish(pod: V1Pod, end: Promise<void>): void {
        const uid = pod.metadata!.uid!;
        const finished = end
            .then(() => (this.stop.signal.aborted ? undefined : this.options.ended(pod)))
            .catch((error: Error) => this.options.log(`${pod.metadata!.name}: ${error.message}`))
            .finally(() => this.ending.delete(uid));
        this.ending.set(uid, finished);
    }
}

/** Number of lines of a container's output to keep: a sandbox may run for days. */
const MOST_LINES = 10_000;

function keep(lines: string[], line: string): void {
    lines.push(`${line}\n`);
    if (lines.length > MOST_LINES) lines.shift();
}
