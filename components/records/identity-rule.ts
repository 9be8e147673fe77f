import type * as pulumi from "@pulumi/pulumi";

export interface IdentityArgs {
    /** What the stack is bound to, by its name, for example `cluster`. */
    identities: Record<string, Identity>;
    /** Recorded ids whose change is intended. */
    moved: string[];
}

/** Something outside of the stack that an update must not exchange by mistake. */
export interface Identity {
    /** Unique id, for example the UID of a cluster. */
    id: string;
    /** Machine id of a host, if it was read: a host that was reinstalled with its old SSH key has another one. */
    machine?: string;
    /** Where it was found, for example the address of the API server. Only for messages. */
    at: string;
    /** The settings that select it. Only for messages. */
    by: string;
}

// The state stores this file as text. dynamic-resource.ts describes what such a file may import and use.

export const identityRule: pulumi.dynamic.ResourceProvider<IdentityArgs, IdentityArgs> = {
    /** Also runs in preview. */
    async check(olds, news) {
        const failures = identityProblems(olds, news).map((reason) => ({ property: "", reason }));
        return { inputs: news, failures };
    },
    async diff(_id, olds, news) {
        const all = ({ identities }: IdentityArgs) =>
            Object.entries(identities).map(([name, identity]) => `${name} ${known(identity)}`);
        return { changes: all(olds).sort().join() !== all(news).sort().join() };
    },
    async create(inputs) {
        return { id: "identity", outs: inputs };
    },
    async update(_id, _olds, inputs) {
        return { outs: inputs };
    },
};

/** Problem of each identity that has changed, unless `moved` names the recorded one. */
export function identityProblems(olds: Partial<IdentityArgs>, news: IdentityArgs): string[] {
    return changed(olds, news).flatMap((name) => {
        const [recorded, found] = [olds.identities![name], news.identities[name]];
        if (!news.moved.includes(recorded.id)) return [identityProblem(name, recorded, found)];
        return name === "cluster" && recorded.at === found.at ? [rebuiltProblem(found.at)] : [];
    });
}

/** Names of the identities that are not the recorded ones. */
function changed(olds: Partial<IdentityArgs>, news: IdentityArgs): string[] {
    const { identities: recorded = {} } = olds;
    return Object.keys(news.identities).filter(
        (name) => recorded[name] !== undefined && isAnother(recorded[name], news.identities[name]),
    );
}

function isAnother(recorded: Identity, found: Identity): boolean {
    if (recorded.id !== found.id) return true;
    return recorded.machine !== undefined && found.machine !== undefined && recorded.machine !== found.machine;
}

/** Problem of a move to a cluster at the address of the old one. */
function rebuiltProblem(at: string): string {
    return (
        `cluster: ${at} was rebuilt, and Pulumi cannot move a stack to the same address: it would delete there what it has ` +
        "just created. Nothing was changed. Begin with an empty state: docs/operate/lost-state.md."
    );
}

/** Problem of an identity that is not the recorded one. */
export function identityProblem(name: string, recorded: Identity, found: Identity): string {
    return (
        `${name}: ${found.at} (${known(found)}) is not the one of this stack, ${recorded.at} (${known(recorded)}). Nothing was changed. ` +
        `Correct ${found.by}. Only if the stack is to move, add to the stack file: ` +
        `movedFrom: { "${recorded.id}": <reason> } (docs/operate/another-cluster.md).`
    );
}

function known({ id, machine }: Identity): string {
    return machine === undefined ? id : `${id}, machine id ${machine}`;
}
