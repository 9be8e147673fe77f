import type { Verdict } from "./readiness";

// The state stores this file as text. dynamic-resource.ts describes what such a file may import and use.

/** Fields of a pod that show its problems. */
export interface ObservedPod {
    metadata?: { name?: string; namespace?: string; uid?: string; deletionTimestamp?: unknown };
    status?: {
        conditions?: { type: string; status: string; reason?: string; message?: string }[];
        containerStatuses?: ContainerState[];
        initContainerStatuses?: ContainerState[];
    };
}

interface ContainerState {
    name: string;
    ready?: boolean;
    restartCount?: number;
    state?: { waiting?: { reason?: string; message?: string }; running?: object };
    lastState?: { terminated?: { reason?: string; exitCode?: number } };
}

/** Fields of an event that this project reads. Only events show that a volume cannot be mounted. */
export interface ObservedEvent {
    type?: string;
    reason?: string;
    message?: string;
    lastTimestamp?: unknown;
    eventTime?: unknown;
    involvedObject?: { uid?: string };
}

/** Seconds after which an error counts as final, since Kubernetes retries forever. */
const FINAL_SECONDS = 60;
/**
 * Number of failed starts after which a container counts as broken. The first start may fail if Ray starts before something
 * that it needs.
 */
const FAILED_STARTS = 3;
/** Reasons of a container that waits for its image, or for a ConfigMap or Secret. */
const NOT_MADE = /^(ErrImage|ImagePull|InvalidImage|CreateContainerConfig)/;
/** Messages of kubelets, registries and containerd about errors that no retry can fix. */
const NEVER =
    /InvalidImageName|not found|manifest unknown|does not exist|unauthorized|denied|forbidden|no match for platform|type check failed/i;

interface TroubleOptions {
    /**
     * Whether to wait while a problem may end by itself, for example an unreachable registry. Default: false, and every
     * problem is a failure.
     */
    waitsForRetries?: boolean;
}

/**
 * Why pods do not become ready, according to their status and events: an image that cannot be pulled, a volume that cannot
 * be mounted, a container that keeps exiting, or no suitable node. Undefined if no problem is known.
 * @param events events of the pods' namespace
 */
export function troubleOf(
    pods: ObservedPod[],
    events: ObservedEvent[] = [],
    options: TroubleOptions = {},
): Verdict | undefined {
    const found = pods
        .filter(({ metadata }) => !metadata?.deletionTimestamp)
        .flatMap((pod) => troublesOf(pod, inOrder(events, pod), options));
    return found.find(({ state }) => state === "failed") ?? found[0];
}

function troublesOf(
    { metadata, status }: ObservedPod,
    events: ObservedEvent[],
    { waitsForRetries = false }: TroubleOptions,
): Verdict[] {
    const { name = "a pod", namespace = "default" } = metadata ?? {};
    const containers = [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])];
    const waiting = (why: string): Verdict => ({ state: "waiting", why: `pod ${name}: ${why}` });
    const failed = (why: string): Verdict => ({
        state: "failed",
        finalAfterSeconds: FINAL_SECONDS,
        why: `pod ${name}: ${why}.`,
    });
    const verdicts = containers.flatMap((container): Verdict[] => {
        const { reason = "", message = "" } = container.state?.waiting ?? {};
        if (NOT_MADE.test(reason)) {
            // While a container is in back-off, older kubelets give the reason only in an event.
            const pulled = events.find((event) => /^Failed to pull image/.test(event.message ?? ""))?.message;
            const words = /^Back-off pulling image "[^"]*"$/.test(message) && pulled ? pulled : message;
            const why = [reason, trimmed(words)].filter(Boolean).join(": ");
            return [waitsForRetries && !NEVER.test(why) ? waiting(why) : failed(why)];
        }
        if (reason !== "CrashLoopBackOff") return [];
        // The end of the container's log may contain callers' prompts, so messages and audit files do not quote it.
        const { reason: ended, exitCode } = container.lastState?.terminated ?? {};
        const code = `exit code ${exitCode ?? "not known"}${ended === undefined ? "" : `, ${ended}`}`;
        const said = `pod ${name}: its container keeps exiting (${code}; see: kubectl -n ${namespace} logs ${name} --previous)`;
        const final = (container.restartCount ?? 0) >= FAILED_STARTS;
        return [final ? { state: "failed", finalAfterSeconds: 0, why: `${said}.` } : { state: "waiting", why: said }];
    });
    const placed = status?.conditions?.find(({ type }) => type === "PodScheduled");
    if (placed?.status === "False") verdicts.push(waiting(`${placed.reason}: ${placed.message}`));
    const [last] = events;
    const making = containers.every(({ state }) => state?.running === undefined);
    if (verdicts.length === 0 && making && last?.type === "Warning") {
        const why = `${last.reason}: ${trimmed(last.message ?? "")}`;
        verdicts.push(NEVER.test(why) ? failed(why) : waiting(why));
    }
    return verdicts;
}

/** Events of one pod, newest first, without events of an earlier pod with the same name. */
function inOrder(events: ObservedEvent[], { metadata }: ObservedPod): ObservedEvent[] {
    const at = ({ lastTimestamp, eventTime }: ObservedEvent) =>
        new Date((lastTimestamp ?? eventTime ?? 0) as string).getTime();
    const own = events.filter(({ involvedObject }) => involvedObject?.uid && involvedObject.uid === metadata?.uid);
    return own.reverse().sort((a, b) => at(b) - at(a));
}

function trimmed(message: string): string {
    return message.trim().replace(/\.$/, "");
}
