/**
 * Leader election of the ingress controller 2.0.1 by controller-runtime (internal/manager/run.go): the leader holds a Lease in
 * the pod's namespace, which is valid for 30 s. It renews the Lease every 2 s, and stops leading after 20 s without a renewal.
 * It does not release the Lease when it ends, so the next leader waits for the expiry. The durations in the chart have no
 * effect: the chart writes them in camelCase, and the program reads snake_case.
 */
import { randomUUID } from "node:crypto";
import type { KubeConfig, V1Lease } from "@kubernetes/client-node";
import { Rest } from "../rampart/kubernetes/rest";
import { ApiError } from "../rampart/kubernetes/api";
import { pause } from "../processes";

const LEASE_SECONDS = 30;
const RENEW_SECONDS = 20;
const RETRY_SECONDS = 2;

interface LeaderElectionOptions {
    kubeConfig: KubeConfig;
    namespace: string;
    /** Name of the Lease. */
    id: string;
    pod: string;
    /** Length of one second of the election's timers, in real seconds. Tests set less than 1 to run faster. */
    secondLasts: number;
    /** Starts the work of the leader. */
    lead(): Promise<{ close(): Promise<void> }>;
    log(line: string): void;
}

export class LeaderElection {
    private readonly stop = new AbortController();
    private readonly identity: string;
    private readonly path: string;
    private readonly rest: Rest;
    private readonly running: Promise<void>;
    private leading: { close(): Promise<void> } | undefined;
    /**
     * The record that the leader has written to the Lease, and the local time when this pod saw the record change. The
     * times in the record are ignored, because the leader's clock can be wrong.
     */
    private seen = { record: "", at: 0 };

    constructor(private readonly options: LeaderElectionOptions) {
        const { kubeConfig, namespace, id, pod } = options;
        this.identity = `${pod}_${randomUUID()}`;
        this.rest = new Rest(kubeConfig);
        this.path = `/apis/coordination.k8s.io/v1/namespaces/${namespace}/leases/${id}`;
        this.running = this.run();
    }

    get leads(): boolean {
        return this.leading !== undefined;
    }

    async close(): Promise<void> {
        this.stop.abort();
        await this.running;
    }

    private async run(): Promise<void> {
        const { signal } = this.stop;
        const { secondLasts, log, pod } = this.options;
        const ms = (seconds: number) => seconds * secondLasts * 1000;
        let renewed = 0;
        while (!signal.aborted) {
            const held = await this.tryHold(ms(LEASE_SECONDS));
            if (held) renewed = Date.now();
            if (signal.aborted) break;
            if (held && !this.leading) {
                log(`${pod} leads`);
                this.leading = await this.options.lead();
            }
            if (this.leading && Date.now() - renewed > ms(RENEW_SECONDS)) {
                log(`${pod}: leader election lost`);
                await this.step();
            }
            await pause(ms(RETRY_SECONDS), signal);
        }
        await this.step();
    }

    private async step(): Promise<void> {
        const { leading } = this;
        this.leading = undefined;
        await leading?.close();
    }

    /** Acquires or renews the Lease. Returns false if another pod holds it, or the API server rejects the request. */
    private async tryHold(leaseMilliseconds: number): Promise<boolean> {
        const now = `${new Date().toISOString().slice(0, -1)}000Z`;
        try {
            const found = await this.rest.find<V1Lease>(this.path);
            const before = found?.spec;
            const record = JSON.stringify(before);
            if (record !== this.seen.record) this.seen = { record, at: Date.now() };
            const own = before?.holderIdentity === this.identity;
            if (before?.holderIdentity && !own && Date.now() - this.seen.at < leaseMilliseconds) return false;
            const spec = {
                holderIdentity: this.identity,
                leaseDurationSeconds: LEASE_SECONDS,
                acquireTime: own ? before.acquireTime : now,
                renewTime: now,
                leaseTransitions: (before?.leaseTransitions ?? 0) + (found && !own ? 1 : 0),
            };
            if (found) await this.rest.call("PUT", this.path, { ...found, spec });
            else {
                const { namespace, id: name } = this.options;
                const metadata = { name, namespace };
                const lease = { apiVersion: "coordination.k8s.io/v1", kind: "Lease", metadata, spec };
                await this.rest.call("POST", this.path.slice(0, this.path.lastIndexOf("/")), lease);
            }
            return true;
        } catch (error) {
            // 409 means that another pod was faster.
            const lost = error instanceof ApiError && error.status === 409;
            if (!lost && !this.stop.signal.aborted)
                this.options.log(`error retrieving resource lock ${this.options.id}: ${(error as Error).message}`);
            return false;
        }
    }
}
