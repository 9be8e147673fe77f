/** Phases of a conversion, in order. */
export const PHASES = ["prepare", "drain", "stop", "start", "verify", "switch", "done"] as const;
export type Phase = (typeof PHASES)[number];

/**
 * Longest wait for the deletion of the component's pods, in seconds. The answer timeout is added, because a pod first
 * completes its requests.
 */
export const SUSPEND_SECONDS = 300;

/** State in a phase. */
export interface PhaseState {
    /** Target of callers' requests. With `nowhere` callers get 503. */
    callers: "bare-metal" | "nowhere" | "component";
    /**
     * The target of the upstreams and of the verification route. It changes only while the callers' route is closed.
     */
    upstream: "bare-metal" | "component";
    /** Whether bare metal holds the GPUs. */
    bareMetal: boolean;
    /** Whether the component holds the GPUs. */
    component: boolean;
    /** Whether bare metal starts at boot of its hosts. */
    atBoot: boolean;
}

const STATES: Record<Phase, PhaseState> = {
    prepare: { callers: "bare-metal", upstream: "bare-metal", bareMetal: true, component: false, atBoot: true },
    drain: { callers: "nowhere", upstream: "bare-metal", bareMetal: true, component: false, atBoot: true },
    stop: { callers: "nowhere", upstream: "bare-metal", bareMetal: false, component: false, atBoot: true },
    start: { callers: "nowhere", upstream: "component", bareMetal: false, component: true, atBoot: true },
    verify: { callers: "nowhere", upstream: "component", bareMetal: false, component: true, atBoot: true },
    switch: { callers: "component", upstream: "component", bareMetal: false, component: true, atBoot: true },
    done: { callers: "component", upstream: "component", bareMetal: false, component: true, atBoot: false },
};

export function stateOf(phase: Phase): PhaseState {
    return STATES[phase];
}

/** The state before the first phase: bare metal serves, and there is no component. */
export const BEFORE = "intra-a";

/**
 * Phases of an upgrade of the model after a conversion. After the last phase, the operator removes the phase from the
 * config and sets the new version in `opt`.
 */
export const UPGRADE_PHASES = ["prepare", "drain", "stop", "start", "verify", "switch"] as const;
export type UpgradePhase = (typeof UPGRADE_PHASES)[number];

/** State in a phase of an upgrade. */
interface UpgradeState {
    /** Whether callers get 503. */
    refused: boolean;
    /** The version that holds the GPUs. */
    runs: "old" | "new" | "none";
}

/**
 * State in a phase of an upgrade. It is the state of the conversion phase with the same name, in which the old version has
 * the role of bare metal.
 */
export function upgradeStateOf(phase: UpgradePhase): UpgradeState {
    const { callers, bareMetal, component } = STATES[phase];
    return { refused: callers === "nowhere", runs: bareMetal ? "old" : component ? "new" : "none" };
}

/** Progress of a stack's conversion or upgrade, as its cluster records it. */
export type Stage = typeof BEFORE | Phase | `upgrade-${UpgradePhase}`;
const STAGES: readonly Stage[] = [BEFORE, ...PHASES];
/** An upgrade begins and ends in stage `done` of a conversion. */
const UPGRADE_STAGES: readonly Stage[] = ["done", ...UPGRADE_PHASES.map((phase): Stage => `upgrade-${phase}`), "done"];

/** Stage of a stack. */
export function stageOf({ phase, upgrade }: { phase: Phase; upgrade?: { phase: UpgradePhase } }): Stage {
    return upgrade === undefined ? phase : `upgrade-${upgrade.phase}`;
}

/** Whether a stage is a phase of an upgrade. */
export function isUpgrade(stage: Stage): boolean {
    return stage !== "done" && UPGRADE_STAGES.includes(stage);
}

/**
 * Stages that one run may reach from a stage: the next stage, the same stage, and the previous one for a rollback. A
 * rollback may skip `start` or `verify`, because both have the same state.
 */
export function stepsFrom(stage: Stage): Stage[] {
    if (isUpgrade(stage)) return neighbours(UPGRADE_STAGES, stage, "upgrade-verify");
    const own = neighbours(STAGES, stage, "verify");
    return stage === "done" ? [...own, UPGRADE_STAGES[1]] : own;
}

function neighbours(stages: readonly Stage[], stage: Stage, verify: Stage): Stage[] {
    const at = stages.indexOf(stage);
    const back = stages[at - 1] === verify || stage === verify ? [at - 2, at - 1] : [at - 1];
    return [...back, at, at + 1].flatMap((i) => stages[i] ?? []);
}

/** Whether a step moves forward to a later stage. */
export function leadsOn(from: Stage, to: Stage): boolean {
    if (isUpgrade(from) && to === "done") return from === UPGRADE_STAGES.at(-2);
    const stages = isUpgrade(from) || isUpgrade(to) ? UPGRADE_STAGES : STAGES;
    return stages.indexOf(to) > stages.indexOf(from);
}

/** Consumer that sends test requests to Alpa through the verification route. */
export const VERIFIER = "alpa-verifier";

/** Name of the ConfigMap with the progress of a conversion. */
export const RECORD = "alpa-auth-conversion";
