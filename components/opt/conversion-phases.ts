/** Phases of a conversion: each is a state of routes, bare metal and component, one step after the previous one. */
export const PHASES = ["prepare", "drain", "stop", "start", "verify", "switch", "done"] as const;
export type Phase = (typeof PHASES)[number];

/** What holds in a phase. */
export interface PhaseState {
    /** Where callers' requests go; while they go nowhere, callers get 503. */
    callers: "bare-metal" | "nowhere" | "component";
    /**
     * The target of the upstreams and of the verification route: it changes only while the callers' route is closed.
     */
    upstream: "bare-metal" | "component";
    /** Whether bare metal holds the GPUs. */
    bareMetal: boolean;
    /** Whether the component holds the GPUs. */
    component: boolean;
    /** Whether bare metal starts when its hosts do. */
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

/** How far a stack is, as the record in its cluster says. */
export type Stage = typeof BEFORE | Phase;
const STAGES: readonly Stage[] = [BEFORE, ...PHASES];

/** Direction of one step from a stage: forward, back, or none. On the way back `start` and `verify` do not differ. */
export function stepsFrom(stage: Stage): Stage[] {
    const at = STAGES.indexOf(stage);
    const back = STAGES[at - 1] === "verify" || stage === "verify" ? [at - 2, at - 1] : [at - 1];
    return [...back, at, at + 1].flatMap((i) => STAGES[i] ?? []);
}

/** Whether a step leads forward. */
export function leadsOn(from: Stage, to: Stage): boolean {
    return STAGES.indexOf(to) > STAGES.indexOf(from);
}

/** Consumer that tests the answers for callers through the verification route. */
export const VERIFIER = "alpa-verifier";

/** Name of the ConfigMap that says how far a conversion is. */
export const RECORD = "alpa-auth-conversion";
