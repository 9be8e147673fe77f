import { blockCommand, secretName } from "../../components/consumers/consumer";
import type { GatewayClusterArgs } from "../../components/gateway-args";
import { BEFORE, leadsOn, RECORD, stepsFrom, type Stage } from "../../components/opt/conversion-phases";
import { plainAccess } from "../../components/kubernetes/kubeconfig";
import { openCluster, type ClusterView } from "../kubernetes/cluster";
import { differingCallers } from "./conversion-callers";

/** Progress of a conversion, according to the record in the cluster. */
interface Recorded {
    /** Phase that the last completed run reached. */
    reached: Stage;
    /** Target phase of an interrupted run. */
    going?: Stage;
    attempt: number;
    callers?: string;
    /** Lock holder, and the time at which the lock expires. */
    holder?: string;
    until?: string;
}

export async function recorded(namespace: string, cluster: ClusterView): Promise<Recorded> {
    const live = await cluster.read({ apiVersion: "v1", kind: "ConfigMap", namespace, name: RECORD });
    const { phase, going, attempt = "0", callers, holder, until } = (live?.data ?? {}) as Record<string, string>;
    const reached = (phase ?? BEFORE) as Stage;
    return {
        reached,
        ...(going === undefined || going === reached ? {} : { going: going as Stage }),
        attempt: Number(attempt),
        callers,
        holder,
        until,
    };
}

interface Attempt {
    /**
     * Increases with each run that starts after an interrupted run, so that the run repeats the step. A completed run
     * leaves the number unchanged, so that no completed step is repeated.
     */
    attempt: number;
    /** True if the run is a rollback to an earlier phase, or repeats the current phase. */
    back?: true;
}

export async function attemptOf(
    settings: Pick<GatewayClusterArgs, "namespace" | "cluster" | "conversion">,
    open: typeof openCluster = openCluster,
): Promise<Attempt> {
    const record = await recorded(settings.namespace, open(await plainAccess(settings.cluster)));
    const { reached, going, attempt } = record;
    const onward = leadsOn(reached, settings.conversion?.phase ?? BEFORE);
    return { attempt: going === undefined ? attempt : attempt + 1, ...(onward ? {} : { back: true }) };
}

/** The settings of a run. */
type Asked = GatewayClusterArgs & {
    /** Holder of the conversion's lock in the last step of a rollback to bare metal, which has no `conversion`. */
    holder?: string;
    /** Digest of the list of callers, if option intra-a has a conversion. */
    callers?: string;
    /** Longest time for which callers may get 503, in minutes, and the measured time of each step, in seconds. */
    window?: { budgetMinutes: number; seconds: Record<string, number> };
};

/** Stages in which a run may change callers, if it makes no step. */
const MAY_CHANGE_CALLERS: readonly Stage[] = [BEFORE, "prepare", "done"];

/**
 * Checks that this run makes at most one step of a conversion. A run with a step, and a run during a conversion, must not
 * change callers.
 */
export async function conversion(
    settings: Asked,
    cluster: ClusterView,
    owner: string,
    now = new Date(),
): Promise<string[]> {
    const { namespace, conversion: asked } = settings;
    const record = await recorded(namespace, cluster);
    const wanted = asked?.phase ?? BEFORE;
    const problems = [
        ...stepProblems(record, wanted),
        ...heldByAnother(record, asked?.holder?.name ?? settings.holder, now),
        ...(wanted === "drain" && leadsOn(record.reached, wanted) ? shortBudget(settings.window) : []),
    ];
    // In other phases the list may be that of an outdated clone, and a removed caller would need a new key.
    if (wanted === record.reached && record.going === undefined && MAY_CHANGE_CALLERS.includes(wanted)) return problems;
    const changed = await callersChanged(settings, record, wanted, cluster, owner);
    if (changed !== undefined)
        problems.push(
            MAY_CHANGE_CALLERS.includes(record.reached)
                ? `consumers: must not change in the same run as convert.phase or option (${changed}). Change one of them, run pulumi up, and then change the other.`
                : `consumers: must not change during a conversion (${changed}). Restore the list of callers: git pull, or undo the edit. Change callers after the conversion. To block a leaked credential at once: ${blockCommand(`${cluster.kubectl} -n ${namespace}`, [secretName("<consumer>", "<credential>")])}`,
        );
    return problems;
}

/** The checks before the cluster exists, when no run has reached a phase. */
export function withoutRecord({ conversion: asked }: Pick<Asked, "conversion">): string[] {
    return stepProblems({ reached: BEFORE, attempt: 0 }, asked?.phase ?? BEFORE);
}

function stepProblems({ reached, going }: Recorded, wanted: Stage): string[] {
    const allowed = going === undefined ? stepsFrom(reached) : [reached, going];
    if (allowed.includes(wanted)) return [];
    const others = allowed.filter((stage) => stage !== BEFORE).join(" or ");
    if (wanted === BEFORE)
        return [
            `option: cannot change from intra-b unless convert.phase is prepare (the last run reached ${reached}). Run: npm run ops -- convert run --yes --to intra-a`,
        ];
    if (going !== undefined)
        return [
            `convert.phase: cannot become ${wanted}, since the run from ${reached} to ${going} did not complete. Set ${going} to complete that run, or ${reached} to roll it back.`,
        ];
    return [
        `convert.phase: must go one step at a time (got ${wanted}, and the last run reached ${reached}). Set it to ${others}.`,
    ];
}

/**
 * Reports a downtime budget that is shorter than the steps. It is checked only before the first step, because a later check
 * could block a rollback.
 */
function shortBudget(window: Asked["window"]): string[] {
    if (window === undefined) return [];
    const { budgetMinutes, seconds } = window;
    const times = Object.entries(seconds);
    const sum = times.reduce((total, [, time]) => total + time, 0);
    if (sum <= budgetMinutes * 60) return [];
    return [
        `convert.budgetMinutes: must be at least ${Math.ceil(sum / 60)} (got ${budgetMinutes}), because the steps of the last conversion took that time ` +
            `(${times.map(([step, time]) => `${step} ${time} s`).join(", ")}). Raise convert.budgetMinutes, or keep convert.phase prepare.`,
    ];
}

function heldByAnother({ holder, until }: Recorded, ours: string | undefined, now: Date): string[] {
    if (holder === undefined || holder === ours || until === undefined || new Date(until) <= now) return [];
    return [
        `convert: a conversion is under way (locked by ${holder} until ${until}). Wait until it has ended. To take it over, see the output of: npm run ops -- convert status`,
    ];
}

/** What has changed about the callers, for the message; undefined if nothing has. */
async function callersChanged(
    settings: Asked,
    { callers, reached }: Recorded,
    wanted: Stage,
    cluster: ClusterView,
    owner: string,
): Promise<string | undefined> {
    const ours = settings.conversion?.callers ?? settings.callers;
    if (reached !== BEFORE && ours !== undefined && (callers !== undefined || wanted !== BEFORE))
        return callers === undefined || callers === ours
            ? undefined
            : "the list of callers is not the same as in the last run";
    return differingCallers(settings, cluster, owner);
}
