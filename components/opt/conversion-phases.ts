/** Phases of a conversion, in order. */
export const PHASES = ["prepare", "drain", "stop", "start", "verify", "switch", "done"] as const;
export type Phase = (typeof PHASES)[number];

/**
 * Longest wait for the deletion of the component's pods, in seconds. The answer timeout is added, because a pod first
 * completes its requests.
 */
export const SUSPEND_SECONDS = 300;

/** State in a phase. */
interface PhaseState {
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

/** Progress of a stack's conversion, as its cluster records it. */
export type Stage = typeof BEFORE | Phase;
const STAGES: readonly Stage[] = [BEFORE, ...PHASES];

/**
 * Stages that one run may reach from a stage: the next stage, the same stage, and the previous one for a rollback. A
 * rollback may skip `start` or `verify`, because both have the same state.
 */
export function stepsFrom(stage: Stage): Stage[] {
    const at = STAGES.indexOf(stage);
    const back = STAGES[at - 1] === "verify" || stage === "verify" ? [at - 2, at - 1] : [at - 1];
    return [...back, at, at + 1].flatMap((i) => STAGES[i] ?? []);
}

/** Whether a step moves forward to a later stage. */
export function leadsOn(from: Stage, to: Stage): boolean {
    return STAGES.indexOf(to) > STAGES.indexOf(from);
}

/** Consumer that sends test requests to Alpa through the verification route. */
export const VERIFIER = "alpa-verifier";

/** Name of the ConfigMap with the progress of a conversion. */
export const RECORD = "alpa-auth-conversion";
