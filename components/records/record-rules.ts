import type * as pulumi from "@pulumi/pulumi";
import { createHmac, randomBytes } from "node:crypto";

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
    /** Namespace of a stack with this one's name that a cluster has. Only set while a move is intended. */
    taken?: string;
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
        if (name === "cluster" && recorded.at === found.at) return [rebuiltProblem(found.at)];
        return found.taken === undefined ? [] : [takenProblem(found.at, found.taken)];
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

/** Problem of a move to a cluster that has the objects already, also those that an earlier move has not deleted yet. */
function takenProblem(at: string, namespace: string): string {
    return (
        `cluster: ${at} already has namespace ${namespace} of a stack with this name. A move would take over its objects, and delete them later. Nothing was changed. ` +
        "If the wrong cluster is selected, correct that. If an earlier move did not finish, finish it first. Otherwise destroy that stack first."
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

export interface RevocationsArgs {
    /** Digest of each key that an operator has set, and of each public key, by `<consumer>/<credential>`; a secret. */
    declared: pulumi.Input<Record<string, string>>;
    /** Id of the revocation for each revoked key that is accepted again, by `<consumer>/<credential>`. */
    readmit: Record<string, string>;
}

/** A key that was declared and then removed. */
interface Revocation {
    /** Id for `readmit` in the config. */
    id: string;
    /** `<consumer>/<credential>` that had the key. */
    who: string;
    /** Start of the run that revoked the key, ISO 8601. */
    at: string;
    /** Salted hash of the key's digest. */
    hash: string;
}

/** The record in the state. It is not secret, since a revoked key is no longer valid. */
interface RevocationRecord {
    salt: string;
    revoked: Revocation[];
}

type Declared = pulumi.Unwrap<RevocationsArgs>;
type State = Declared & RevocationRecord;

export const revocationsRule: pulumi.dynamic.ResourceProvider<Declared, State> = {
    /** Also runs in preview. @throws Error with each declared key that is revoked, unless `readmit` names the revocation */
    async diff(_id, olds, news) {
        const problems = readmitted(olds, news.declared)
            .filter(({ who, revocation }) => news.readmit[who] !== revocation.id)
            .map(
                ({ who, revocation: { id, who: before, at } }) =>
                    `consumers: ${who}: this stack has revoked its key on ${at}, as ${before}. Give it another key. To accept the revoked one again, add readmit: ${id} to the credential.`,
            );
        if (problems.length > 0) throw new Error(problems.join("\n"));
        const text = ({ declared, readmit }: Declared) =>
            JSON.stringify([Object.entries(declared).sort(), Object.entries(readmit).sort()]);
        return { changes: text(olds) !== text(news) };
    },
    async create(inputs) {
        return { id: "revocations", outs: { ...inputs, salt: randomBytes(16).toString("hex"), revoked: [] } };
    },
    async update(_id, olds, news) {
        const again = readmitted(olds, news.declared).map(({ revocation }) => revocation.id);
        const there = Object.values(news.declared);
        const at = new Date().toISOString();
        const revoked = olds.revoked.filter(({ id }) => !again.includes(id));
        for (const [who, digest] of Object.entries(olds.declared)) {
            const hash = hashOf(olds.salt, digest);
            // Two credentials of one caller may have the same key.
            if (there.includes(digest) || revoked.some((one) => one.hash === hash)) continue;
            revoked.push({ id: `revocation-${randomBytes(4).toString("hex")}`, who, at, hash });
        }
        return { outs: { ...news, salt: olds.salt, revoked } };
    },
};

/** Finds declared keys that were revoked earlier. `who` is the `<consumer>/<credential>` that declares the key again. */
function readmitted(
    { salt, revoked }: RevocationRecord,
    declared: Record<string, string>,
): { who: string; revocation: Revocation }[] {
    if (revoked.length === 0) return [];
    return Object.entries(declared).flatMap(([who, digest]) => {
        const hash = hashOf(salt, digest);
        return revoked.filter((one) => one.hash === hash).map((revocation) => ({ who, revocation }));
    });
}

function hashOf(salt: string, digest: string): string {
    return createHmac("sha256", salt).update(digest).digest("hex");
}

export interface SecretVersionsArgs {
    /** Version of each token's secret, by `<consumer>/<credential>`. */
    versions: Record<string, number>;
    /** Fingerprint of each secret, by `<consumer>/<credential>`; secret. */
    fingerprints: pulumi.Input<Record<string, string>>;
}

type Versions = pulumi.Unwrap<SecretVersionsArgs>;

export const secretVersionsRule: pulumi.dynamic.ResourceProvider<Versions, Versions> = {
    /** Also runs in preview, and compares with the state. A token that is not in the state may start with any version. */
    async check(olds, news) {
        const before = olds.versions ?? {};
        const failures = Object.entries(news.versions)
            .filter(([who, version]) => version < (before[who] ?? 0))
            .map(([who, version]) => ({
                property: "versions",
                reason:
                    `consumers: ${who}: secretVersion must be at least ${before[who]}, which its caller may have (got ${version}). ` +
                    `A lower version does not restore the old secret: set ${before[who]} with its previousSecretExpires, or rotate to ${before[who] + 1}.`,
            }));
        return { inputs: news, failures };
    },
    async diff(_id, olds, news) {
        const text = ({ versions, fingerprints }: Versions) =>
            JSON.stringify([Object.entries(versions).sort(), Object.entries(fingerprints).sort()]);
        return { changes: text(olds) !== text(news) };
    },
    async create(inputs) {
        return { id: "secret-versions", outs: inputs };
    },
    /** @throws Error with each token whose version was raised without a new secret; the state then keeps the old version */
    async update(_id, olds, inputs) {
        const stale = Object.entries(inputs.versions).filter(
            ([who, version]) =>
                version > (olds.versions[who] ?? version) && inputs.fingerprints[who] === olds.fingerprints[who],
        );
        if (stale.length > 0)
            throw new Error(
                stale
                    .map(
                        ([who, version]) =>
                            `consumers: ${who}: Cloudflare created no new secret for secretVersion ${version} (its answer has the secret of version ${olds.versions[who]}). ` +
                            `The caller's secret expires on the day of previousSecretExpires, or at once if secretVersion is raised. Add a second credential, run: pulumi up --continue-on-error, hand it out, and remove this one when its caller has switched. If no caller uses it, raise secretVersion to ${version + 1} instead.`,
                    )
                    .join("\n"),
            );
        return { outs: inputs };
    },
};
