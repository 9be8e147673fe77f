import { createHmac, randomBytes } from "node:crypto";
import type * as pulumi from "@pulumi/pulumi";

export interface RevocationsArgs {
    /** Digest of each key that an operator has set, and of each public key, by `<consumer>/<credential>`; a secret. */
    declared: pulumi.Input<Record<string, string>>;
    /** Id of the revocation for each revoked key that is accepted again, by `<consumer>/<credential>`. */
    readmit: Record<string, string>;
}

// The state stores this file as text. dynamic-resource.ts describes what such a file may import and use.

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

type Inputs = pulumi.Unwrap<RevocationsArgs>;
type State = Inputs & RevocationRecord;

export const revocationsRule: pulumi.dynamic.ResourceProvider<Inputs, State> = {
    /** Also runs in preview. @throws Error with each declared key that is revoked, unless `readmit` names the revocation */
    async diff(_id, olds, news) {
        const problems = readmitted(olds, news.declared)
            .filter(({ who, revocation }) => news.readmit[who] !== revocation.id)
            .map(
                ({ who, revocation: { id, who: before, at } }) =>
                    `consumers: ${who}: this stack has revoked its key on ${at}, as ${before}. Give it another key. To accept the revoked one again, add readmit: ${id} to the credential.`,
            );
        if (problems.length > 0) throw new Error(problems.join("\n"));
        const text = ({ declared, readmit }: Inputs) =>
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
