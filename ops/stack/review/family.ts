/** Which component a resource belongs to, and whether a changed component explains its change. */
import { nameIn } from "../../../policy/resources/resource";
import { map } from "../../../policy/resources/values";
import { isChanged, MEANINGS } from "./meanings";
import type { PartChange } from "./meanings/row";
import type { Change } from "./changes";
import type { ResourceState, Step } from "./preview";

export interface Family {
    /** Whether the program itself changes, so that inputs explain nothing. */
    isOtherProgram: boolean;
    /** Whether a component above the resource explains its change. */
    explains(change: Change): boolean;
    /** Whether a component above the resource is deleted, and its finding covers the objects below it. */
    isCovered(urn: string): boolean;
    /** Whether a deleted object is of a credential that the state no longer has: a revocation alone has left it. */
    isOfRevoked(change: Change): boolean;
    /** Title of the nearest component with inputs, for example `ServerRoute alpa-route`; undefined without a component. */
    componentOf(urn: string): string | undefined;
}

/** @param state resources before the run: a preview lacks unchanged components */
export function familyOf(steps: Step[], state: ResourceState[], parts: PartChange[]): Family {
    const parents = new Map<string, string | undefined>();
    for (const { urn, parent } of state) parents.set(urn, parent);
    for (const { urn, oldState, newState } of steps) parents.set(urn, newState?.parent ?? oldState?.parent);
    const changed = parts.filter(isChanged);
    const byUrn = new Map(changed.map((part) => [part.urn, part]));
    const above = (urn: string) => ancestors(urn, parents).flatMap((one) => byUrn.get(one) ?? []);
    const isOtherProgram = changed.some(
        ({ type, old, new: now }) => type === "Stack" && old && now && old.program !== now.program,
    );
    return {
        isOtherProgram,
        explains: ({ urn, op }) =>
            above(urn).some((part) => {
                const comesOrGoes = part.old === undefined || part.new === undefined;
                return isOtherProgram ? comesOrGoes && op !== "update" : true;
            }),
        isCovered: (urn) => above(urn).some((part) => part.new === undefined && MEANINGS[part.type]?.covers === true),
        isOfRevoked: ({ op, urn, name }) =>
            op === "delete" && state.some((one) => one.urn === urn) && isGone(name, state),
        componentOf: (urn) => titleIn(ancestors(urn, parents)),
    };
}

/** Whether no caller in the state has the credential of this Secret or service token. */
function isGone(name: string, state: ResourceState[]): boolean {
    const [, caller, id] = /^([^.]+)\.([^.]+)-(?:secret|token)$/.exec(name) ?? [];
    const isTheirs = ({ type, urn }: ResourceState) => wordOf(type) === "Caller" && nameIn(urn) === caller;
    return caller !== undefined && !state.some((one) => isTheirs(one) && id in map(one.inputs?.credentials));
}

/** URNs of the components above a resource, the nearest first. */
function ancestors(urn: string, parents: Map<string, string | undefined>): string[] {
    const found: string[] = [];
    for (
        let parent = parents.get(urn);
        parent && !isRoot(parent) && !found.includes(parent);
        parent = parents.get(parent)
    )
        found.push(parent);
    return found;
}

const isRoot = (urn: string) => typesIn(urn).at(-1) === "pulumi:pulumi:Stack";
const typesIn = (urn: string) => (urn.split("::")[2] ?? "").split("$");
const wordOf = (type: string) => type.split(":").at(-1)!;

function titleIn(urns: string[]): string | undefined {
    const titles = urns.map((urn) => [wordOf(typesIn(urn).at(-1)!), nameIn(urn)]);
    const [type, name] = titles.find(([type]) => MEANINGS[type] !== undefined) ?? titles.at(-1) ?? [];
    return type === undefined ? undefined : `${type} ${name}`;
}
