/** A kubelet's status of a pod with a serving image: container statuses and conditions. Pure. */
import type { V1Container, V1ContainerStatus, V1Pod, V1PodCondition } from "@kubernetes/client-node";
import { waitingStatuses } from "../admit";
import type { Waits } from "../kubelet";
import { gpusOf } from "./container";

/** State of a pod. */
export type PodState =
    /** No container has started yet; `reason` and `message` say why. */
    | ({ is: "waiting" } & Waits)
    /** The container with GPUs has ended, and restarts after a pause. */
    | { is: "crashed"; message: string; backOffSeconds: number; at: string }
    | { is: "running"; ready: boolean };

/**
 * The container that fails when Alpa or Ray fails: the first container with GPUs. Without such a container, the first of
 * all.
 */
function mainContainer({ spec }: V1Pod): V1Container {
    return spec!.containers.find((container) => gpusOf(container) > 0) ?? spec!.containers[0];
}

/** @param restarts number of restarts of the main container */
export function statusOf(pod: V1Pod, state: PodState, restarts: number, startedAt: string) {
    if (state.is === "waiting")
        return {
            phase: "Pending",
            containerStatuses: waitingStatuses(pod, state),
            conditions: conditions(pod, false),
        };
    const main = mainContainer(pod).name;
    const containerStatuses = pod.spec!.containers.map((container) => {
        const { name, image } = container;
        const common = { name, image: image!, imageID: "", restartCount: name === main ? restarts : 0 };
        return { ...common, ...containerState(pod, container, name === main, state, startedAt) };
    });
    const ready = state.is === "running" && state.ready;
    return { phase: "Running", containerStatuses, conditions: conditions(pod, ready) };
}

type Started = Exclude<PodState, { is: "waiting" }>;
type State = Pick<V1ContainerStatus, "ready" | "started"> & { state: object; lastState?: object };

function containerState(pod: V1Pod, container: V1Container, main: boolean, state: Started, startedAt: string): State {
    const { name } = container;
    const running = { running: { startedAt } };
    if (state.is === "running" || !main) {
        // As with kubelet, the status keeps the last termination after a restart.
        const last = pod.status?.containerStatuses?.find((one) => one.name === name)?.lastState;
        const lastState = last?.terminated && { lastState: last };
        return { ready: state.is !== "running" || state.ready, started: true, state: running, ...lastState };
    }
    const { namespace, uid } = pod.metadata!;
    const message = `back-off ${state.backOffSeconds}s restarting failed container=${name} pod=${pod.metadata!.name}_${namespace}(${uid})`;
    // kubelet writes the program's last output into the status only with terminationMessagePolicy FallbackToLogsOnError.
    const said = container.terminationMessagePolicy === "FallbackToLogsOnError" ? { message: state.message } : {};
    return {
        ready: false,
        started: false,
        state: { waiting: { reason: "CrashLoopBackOff", message } },
        lastState: { terminated: { exitCode: 1, reason: "Error", ...said, startedAt, finishedAt: state.at } },
    };
}

function conditions(pod: V1Pod, ready: boolean): V1PodCondition[] {
    const before = pod.status?.conditions ?? [];
    const status = ready ? "True" : "False";
    const others = before.filter(({ type }) => type !== "Ready" && type !== "ContainersReady");
    const own = ["ContainersReady", "Ready"].map((type) => {
        const known = before.find((condition) => condition.type === type);
        return known?.status === status ? known : { type, status, lastTransitionTime: new Date() };
    });
    return [...others, ...own];
}

/**
 * The compared fields of a status. The status is written only if one of them differs. Other fields come from the API
 * server and do not matter.
 */
export function essence(status: V1Pod["status"] | ReturnType<typeof statusOf> | undefined): string {
    const ready = status?.conditions?.find(({ type }) => type === "Ready")?.status ?? "False";
    const containers = (status?.containerStatuses ?? []).map((one) => {
        const { waiting, running } = (one.state ?? {}) as NonNullable<V1ContainerStatus["state"]>;
        return [one.name, one.ready, one.restartCount, waiting?.reason, waiting?.message, running !== undefined];
    });
    return JSON.stringify([status?.phase, ready, containers]);
}
