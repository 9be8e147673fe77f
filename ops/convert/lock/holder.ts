/**
 * Reads and writes the lock holder of a conversion in the cluster. The stack's outputs do not show a run in progress, and the
 * name of the lock holder does not show whether its process still runs. So the running process writes heartbeats next to
 * the name. Before another process takes over, it waits whether a heartbeat arrives.
 */
import type * as client from "@kubernetes/client-node" with { "resolution-mode": "import" };
import { setTimeout as pause } from "node:timers/promises";
import { answerWithin } from "../../../components/kubernetes/until-settled";
import { kubeConfigOf, kubernetesClient, type PlainAccess } from "../../../components/kubernetes/api-server";
import { isAbsent } from "../../../components/kubernetes/cluster-reader";
import { RECORD } from "../../../components/opt/conversion-phases";
import { Failure, UsageError } from "../../errors";

export interface ClusterHolder {
    name: string;
    /** For example `2026-11-26T12:00:00Z`. */
    until: string;
    /**
     * Heartbeat `<time> <user>@<host>` of the process, whose name a takeover does not change in the holder. Changes every
     * {@link HolderView.beatSeconds} while the process runs. Unset before the first heartbeat.
     */
    beat?: string;
}

/** User and host of the process that sends heartbeats, in the form `<user>@<host>`. */
export function userAndHost({ name, beat }: ClusterHolder): string {
    return beat?.split(" ")[1] ?? name.split(" ")[0];
}

export interface HolderView {
    beatSeconds: number;
    /** Reads the lock holder; undefined if there is none. */
    read(): Promise<ClusterHolder | undefined>;
    /** Writes a heartbeat for a holder; does nothing if the cluster has another holder. */
    beat(name: string, who: string): Promise<void>;
}

export type OpenHolder = (access: PlainAccess, namespace: string) => HolderView;

const BEAT_SECONDS = 10;
/** Number of missing heartbeats after which a process is considered gone: one may be late, and another lost. */
const MISSED = 3;
/** Longest wait for an answer of the API server, in seconds. */
const LIMIT_SECONDS = 10;

export const openHolder: OpenHolder = (access, namespace) => {
    const k8s = kubernetesClient();
    // Created for each request, so that an invalid kubeconfig is an error of the request.
    const api = () => k8s.KubernetesObjectApi.makeApiClient(kubeConfigOf(access));
    const metadata = { name: RECORD, namespace };
    const record = { apiVersion: "v1", kind: "ConfigMap", metadata };
    const live = async () =>
        answerWithin(
            LIMIT_SECONDS,
            api()
                .read<client.V1ConfigMap>(record)
                .catch((error: unknown) => {
                    if (isAbsent(error)) return undefined;
                    throw error;
                }),
        );
    return {
        beatSeconds: BEAT_SECONDS,
        read: async () => {
            const { holder, until, beat } = (await live())?.data ?? {};
            return holder === undefined || until === undefined ? undefined : { name: holder, until, beat };
        },
        beat: async (name, who) => {
            const found = await live();
            if (found?.data?.holder !== name) return;
            const { resourceVersion } = found.metadata!;
            const object = {
                ...record,
                metadata: { ...metadata, resourceVersion },
                data: { beat: `${new Date().toISOString()} ${who}` },
            };
            const merge = "application/merge-patch+json" as client.PatchStrategy;
            await answerWithin(LIMIT_SECONDS, api().patch(object, undefined, undefined, undefined, undefined, merge));
        },
    };
};

/** A process that takes over a conversion while its earlier process may still run. */
interface Successor {
    /** Lock holder name for this conversion. A process that continues the conversion uses the same name. */
    own: string;
    who: string;
    /** Whether another user or machine wrote the record. */
    foreign: boolean;
    takeOver: boolean;
}

/**
 * Returns the lock holder name for this process. After a takeover it is the name in the cluster.
 * @throws UsageError if the process of the holder in the cluster still runs
 */
export async function nameToBe(
    { own, who, foreign, takeOver }: Successor,
    view: HolderView,
    there: ClusterHolder | undefined,
    interrupted: () => string | undefined,
): Promise<string> {
    if (there === undefined) return own;
    if (!(there.name === own ? foreign || userAndHost(there) !== who : takeOver)) return own;
    if (await isAlive(view, interrupted))
        throw new UsageError([
            `conversion: still running, so it cannot be taken over (${userAndHost(there)} still sends a heartbeat every ${view.beatSeconds} s). Wait, or end it on its machine: npm run ops -- convert abort --yes`,
        ]);
    return there.name;
}

/** Whether a heartbeat arrives while this process waits. The clocks of other machines have no influence. */
async function isAlive(view: HolderView, interrupted: () => string | undefined): Promise<boolean> {
    const read = () =>
        view.read().catch((error: Error) => {
            throw new Failure(
                `cluster: cannot be read, so it is unknown whether the conversion to take over still runs (${error.message}). Check the cluster's address and the network.`,
            );
        });
    const before = await read();
    const end = performance.now() + MISSED * view.beatSeconds * 1000;
    while (performance.now() < end) {
        await pause((view.beatSeconds * 1000) / 5);
        const why = interrupted();
        if (why !== undefined) throw new Failure(`convert: not started (${why}). Nothing was changed.`);
        const now = await read();
        if (now === undefined) return false;
        if (now.name !== before?.name || now.beat !== before.beat) return true;
    }
    return false;
}

/**
 * Sends heartbeats until the returned function is called. A failed heartbeat does not stop a step, since Pulumi itself
 * reports an unreachable cluster.
 */
export function startBeat(view: HolderView, name: string, who: string): () => void {
    const beat = () => void view.beat(name, who).catch(() => undefined);
    beat();
    const timer = setInterval(beat, view.beatSeconds * 1000);
    return () => clearInterval(timer);
}
