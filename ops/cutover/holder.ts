/**
 * The lock holder of a conversion, according to the cluster. The stack's outputs only show completed runs, and a name
 * does not show whether its process lives: the running process writes a heartbeat next to the name, and a process that
 * would take over waits for it.
 */
import type * as client from "@kubernetes/client-node" with { "resolution-mode": "import" };
import { setTimeout as pause } from "node:timers/promises";
import { answerWithin } from "../../components/kubernetes/answer-within";
import { kubeConfigOf, kubernetesClient, type PlainAccess } from "../../components/kubernetes/api-server";
import { isAbsent } from "../../components/kubernetes/cluster-reader";
import { RECORD } from "../../components/opt/conversion-phases";
import { Failure, UsageError } from "../errors";
import type { CutoverCommand } from "./lock";

export interface ClusterHolder {
    name: string;
    /** As `2026-11-26T12:00:00Z`. */
    until: string;
    /**
     * Heartbeat: another text every {@link HolderView.beatSeconds} while the process lives, and after a blank the id of
     * the process, since a takeover keeps the holder's name. Unset: no heartbeat yet.
     */
    beat?: string;
}

/** User and host of the process that sends heartbeats, in the form `<user>@<host>`. */
export function userAndHost({ name, beat }: ClusterHolder): string {
    return beat?.split(" ")[1] ?? name.split(" ")[0];
}

export interface HolderView {
    beatSeconds: number;
    /** Undefined: not locked. */
    read(): Promise<ClusterHolder | undefined>;
    /** Writes a heartbeat of the holder of that name; does nothing if the cluster has another holder. */
    beat(name: string, who: string): Promise<void>;
}

export type OpenHolder = (access: PlainAccess, namespace: string) => HolderView;

const BEAT_SECONDS = 10;
/** This many heartbeats must be missing: one may be late, and another one lost. */
const MISSED = 3;
/** Longest wait for an answer of the API server, in seconds. */
const LIMIT_SECONDS = 10;

export const openHolder: OpenHolder = (access, namespace) => {
    const k8s = kubernetesClient();
    // Created only when needed: invalid access is reported as an error of the request.
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

/** Names for messages about what is taken over. */
interface Words {
    command: CutoverCommand;
    noun: string;
}

/** A process that takes over a conversion whose process may still run. */
export interface Successor {
    /** The name that its record has in the cluster, or that it takes. */
    own: string;
    who: string;
    /** It is the record of another user or machine. */
    foreign: boolean;
    takeOver: boolean;
    kind: Words;
}

/**
 * Name for this process as lock holder: the one in the cluster if that is taken over.
 * @throws UsageError if the holder of that name still runs
 */
export async function nameToBe(
    { own, who, foreign, takeOver, kind }: Successor,
    view: HolderView,
    there: ClusterHolder | undefined,
    interrupted: () => string | undefined,
): Promise<string> {
    if (there === undefined) return own;
    if (!(there.name === own ? foreign || userAndHost(there) !== who : takeOver)) return own;
    if (await isAlive(view, kind, interrupted))
        throw new UsageError([
            `${kind.noun}: must have stopped before it can be taken over (${userAndHost(there)} still reports to the cluster every ${view.beatSeconds} s). Wait, or end it where it runs: npm run ops -- ${kind.command} abort --yes`,
        ]);
    return there.name;
}

/** Waits for longer than a running process can go without a heartbeat. No clock of another machine matters. */
async function isAlive(
    view: HolderView,
    { command, noun }: Words,
    interrupted: () => string | undefined,
): Promise<boolean> {
    const read = () =>
        view.read().catch((error: Error) => {
            throw new Failure(
                `cluster: cannot say whether the ${noun} to take over is still running (${error.message}). Check the cluster's address and the network.`,
            );
        });
    const before = await read();
    const end = performance.now() + MISSED * view.beatSeconds * 1000;
    while (performance.now() < end) {
        await pause((view.beatSeconds * 1000) / 5);
        const why = interrupted();
        if (why !== undefined) throw new Failure(`${command}: not started (${why}). Nothing was changed.`);
        const now = await read();
        if (now === undefined) return false;
        if (now.name !== before?.name || now.beat !== before.beat) return true;
    }
    return false;
}

/**
 * Sends heartbeats until the returned function is called. A heartbeat that fails stops no step: Pulumi reports an
 * unreachable cluster.
 */
export function startBeat(view: HolderView, name: string, who: string): () => void {
    const beat = () => void view.beat(name, who).catch(() => undefined);
    beat();
    const timer = setInterval(beat, view.beatSeconds * 1000);
    return () => clearInterval(timer);
}
