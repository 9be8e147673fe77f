/**
 * A plan that `pulumi preview --save-plan` wrote: `DeploymentPlanV1` of the Pulumi CLI (sdk/go/common/apitype/plan.go at
 * 3.274.1). A plan has only the changed properties of each resource, so the state is read too.
 */
import { isDeepStrictEqual } from "node:util";
import { isWrappedSecret, nameIn, ownerIn } from "../../../policy/resources/resource";
import { hasSecret, hasUnknown, HIDDEN, isMap, type Tree } from "../../../policy/resources/values";
import { UsageError } from "../../errors";
import { OPERATIONS, stackOf, type OpenedOutput, type Preview, type ResourceState, type Step } from "./preview";
import { jsonProblem } from "./values-text";

interface PlanDiff {
    adds?: Tree;
    deletes?: string[];
    updates?: Tree;
}

interface ResourcePlan {
    steps?: string[];
    goal?: {
        type: string;
        custom?: boolean;
        parent?: string;
        protect?: boolean;
        inputDiff?: PlanDiff;
        outputDiff?: PlanDiff;
        aliases?: string[];
        structuredAliases?: { Name?: string; URN?: string; name?: string; urn?: string }[];
    };
}

/** The state as `pulumi stack export` prints it. */
export interface Exported {
    manifest?: { time?: string; version?: string };
    resources?: ResourceState[];
    pending_operations?: unknown[];
}

/** Parses a plan. @param where name of the text in messages @param state the state that the plan will be applied to */
export function readPlan(text: string, where: string, state: Exported, stack?: string): Preview {
    const plan = parsed(text, where);
    const resources = plan.resourcePlans as Record<string, ResourcePlan>;
    const name = stackOf(Object.keys(resources), where, stack);
    const problems = [...older(plan, where, state), ...otherVersion(plan, where, state)];
    if (problems.length > 0) throw new UsageError(problems);
    const known = new Map((state.resources ?? []).filter((r) => !r.delete).map((r) => [r.urn, r]));
    const steps = Object.entries(resources).flatMap(([urn, resource]) => stepsOf(urn, resource, known));
    const opened = openedOutputs(text, state);
    return { stack: name ?? stack ?? "", steps, config: configOf(plan.config), opened };
}

/**
 * Outputs of the stack that are secret in the state, and in plain text in the plan. Only a plan has this: a preview shows no
 * new outputs, and the policy pack gets them without the marks of secrets.
 */
export function openedOutputs(plan: string, { resources = [] }: Exported): OpenedOutput[] {
    const { resourcePlans } = JSON.parse(plan) as { resourcePlans: Record<string, ResourcePlan> };
    return Object.entries(resourcePlans).flatMap(([urn, { goal }]) => {
        if (goal?.type !== "pulumi:pulumi:Stack") return [];
        const old = resources.find((resource) => resource.urn === urn)?.outputs ?? {};
        const changed = Object.entries(goal.outputDiff?.updates ?? {});
        return changed.filter(([name, now]) => isOpened(old[name], now)).map(([name]) => ({ name, urn }));
    });
}

/** Whether a secret of the old value is plain text in the new value. */
function isOpened(old: unknown, now: unknown): boolean {
    if (!isMap(old) || now === undefined || now === null || hasUnknown(now)) return false;
    if (isMap(now) && isWrappedSecret(now)) return false;
    if (isWrappedSecret(old)) return !isMap(now) || Object.values(now).some((part) => isOpened(old, part));
    return isMap(now) && Object.entries(now).some(([name, part]) => isOpened(old[name], part));
}

function parsed(text: string, where: string): Tree & { manifest?: { time?: string; version?: string } } {
    let value: unknown;
    try {
        value = JSON.parse(text);
    } catch (error) {
        throw new UsageError([`${where}: must be complete JSON (${jsonProblem(error)}). It may be truncated. ${MAKE}`]);
    }
    if (isMap(value) && isMap(value.resourcePlans)) {
        const plans = Object.values(value.resourcePlans);
        if (!plans.every(isResourcePlan))
            throw new UsageError([`${where}: must have steps and a goal for each resource. ${MAKE}`]);
        const strange = plans.flatMap(({ steps = [] }) => steps).find((step) => !OPERATIONS.has(step));
        if (strange === undefined) return value;
        throw new UsageError([
            `${where}: must have only operations that the pinned version of Pulumi knows (got ${JSON.stringify(strange)}). Use the pinned version.`,
        ]);
    }
    const hint = isMap(value) && "steps" in value ? " It is a preview: use --preview." : "";
    throw new UsageError([`${where}: must be a plan of pulumi preview --save-plan.${hint} ${MAKE}`]);
}

function isResourcePlan(value: unknown): value is ResourcePlan {
    if (!isMap(value)) return false;
    const { steps = [], goal } = value;
    const { adds, updates, deletes = [] } = isMap(goal) && isMap(goal.inputDiff) ? goal.inputDiff : {};
    const maps = [goal ?? undefined, adds, updates].every((one) => one === undefined || isMap(one));
    return maps && Array.isArray(steps) && Array.isArray(deletes);
}

const MAKE = "Make it with: pulumi preview --save-plan plan.json";

/** Detects a plan older than the state: Pulumi would reject it, or it would undo later changes. */
function older({ manifest }: { manifest?: { time?: string } }, where: string, state: Exported): string[] {
    const [planTime, stateTime] = [manifest?.time, state.manifest?.time].map((time) => Date.parse(time ?? ""));
    // A state has no time in some backends. A plan always has one.
    if (Number.isNaN(planTime)) return [`${where}: must have the time at which it was made (it has none). ${MAKE}`];
    if (!(stateTime > planTime)) return [];
    return [
        `${where}: must be newer than the state (made ${manifest?.time}, state of ${state.manifest?.time}). The stack has changed since: create the plan again.`,
    ];
}

function otherVersion({ manifest }: { manifest?: { version?: string } }, where: string, state: Exported): string[] {
    const major = (version?: string) => /^v?(\d+)\./.exec(version ?? "")?.[1];
    const [planMajor, stateMajor] = [major(manifest?.version), major(state.manifest?.version)];
    if (planMajor === undefined || stateMajor === undefined || planMajor === stateMajor) return [];
    return [
        `${where}: must be of the same major version of Pulumi as the state (got ${manifest?.version}, state of ${state.manifest?.version}). Create the plan with the version of the state.`,
    ];
}

function stepsOf(urn: string, { steps = [], goal }: ResourcePlan, known: Map<string, ResourceState>): Step[] {
    // Default providers are omitted, as in previews, because Pulumi's engine creates them (pkg/engine/update.go,
    // `isDefaultProviderStep`).
    const isDefault = /^urn:pulumi:.*\bpulumi:providers:[^:]+::default/.test(urn);
    const old = known.get(urn) ?? aliased(urn, goal, known);
    // As in a preview, an unchanged resource has a step only if its protection changes (`shouldShow` in
    // pkg/backend/display).
    const stays = Boolean(goal?.protect ?? old?.protect) === Boolean(old?.protect);
    const done = steps.filter((step) => step !== "same" || !stays);
    if (isDefault || done.length === 0) return [];
    const type = goal?.type ?? old?.type ?? "";
    const oldState = old && { ...old, inputs: blinded(old.inputs) as Tree, outputs: blinded(old.outputs) as Tree };
    const { adds = {}, updates = {}, deletes = [] } = goal?.inputDiff ?? {};
    const now = blinded({ ...old?.inputs, ...adds, ...updates }) as Tree;
    deletes.forEach((key) => delete now[key]);
    const reasons = Object.keys(updates).filter(
        (key) => hasSecret(now[key]) && isDeepStrictEqual(now[key], oldState?.inputs[key]),
    );
    const { custom = old?.custom, parent = old?.parent, protect } = goal ?? {};
    const newState = { urn, type, custom, parent, protect, inputs: now };
    return done.map((step) => ({
        op: step,
        urn,
        oldState,
        diffReasons: reasons,
        ...(/^(delete|discard)/.test(step) ? {} : { newState }),
    }));
}

/** The resource in the state under an earlier name. */
function aliased(
    urn: string,
    goal: ResourcePlan["goal"],
    known: Map<string, ResourceState>,
): ResourceState | undefined {
    const urns = [...(goal?.aliases ?? []), ...(goal?.structuredAliases ?? []).map((a) => a.URN ?? a.urn)];
    const byUrn = urns.map((alias) => known.get(alias ?? "")).find(Boolean);
    if (byUrn) return byUrn;
    const names = (goal?.structuredAliases ?? []).map((a) => a.Name ?? a.name);
    return [...known.values()].find(
        ({ urn: other, type }) =>
            type === goal?.type && names.includes(nameIn(other)) && ownerIn(other) === ownerIn(urn),
    );
}

/** A value in the form that previews print. */
function blinded(value: unknown): unknown {
    if (Array.isArray(value)) return value.map(blinded);
    if (!isMap(value)) return value;
    if (isWrappedSecret(value)) return HIDDEN;
    return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, blinded(part)]));
}

/** Plain values of the config; encrypted values are left out. */
function configOf(config: unknown): Record<string, string> {
    if (!isMap(config)) return {};
    return Object.fromEntries(
        Object.entries(config).filter((entry): entry is [string, string] => typeof entry[1] === "string"),
    );
}
