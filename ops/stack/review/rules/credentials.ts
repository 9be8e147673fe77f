/** Secrets with callers' credentials, and generated keys. */
import { differencesOf, type Change } from "../changes";
import type { Difference } from "../differences";
import { always, goes, nothing, objectName, type KindRule, type Run, type Verdicts } from "../rule";
import { lists } from "./consumers";
import { goWithUser, namespaceOf } from "./pods";

/** A Secret of one credential is called `<consumer>.<credential>`. */
function credentialOf(change: Change): [caller: string, id: string] | undefined {
    const parts = /^([a-z0-9-]+)\.([a-z0-9-]+)$/.exec(objectName(change));
    return parts ? [parts[1], parts[2]] : undefined;
}

function consumerOf({ objects }: Run, name: string): Change | undefined {
    return objects.get(`kubernetes Consumer ${name}`);
}

/** Whether the Consumer itself is created or deleted: the finding of the Consumer then covers all its credentials. */
function comesOrGoes(owner: Change | undefined): boolean {
    return owner !== undefined && (owner.op === "create" || goes(owner));
}

function isNewSecret(change: Change): boolean {
    return (
        change.kind === "kubernetes Secret" && credentialOf(change) !== undefined && /update|replace/.test(change.op)
    );
}

export const secret: KindRule = {
    // A new credential is in the finding of its Consumer. Other Secrets only affect pods that wait for them.
    created: nothing,
    deleted(change, run) {
        const credential = credentialOf(change);
        if (credential === undefined)
            return goWithUser(run, namespaceOf(change), objectName(change))
                ? undefined
                : { code: "deleted", says: `Secret ${objectName(change)} is deleted` };
        const [name, id] = credential;
        const owner = consumerOf(run, name);
        // A Consumer that is deleted, or no longer names the credential, has its own finding about it.
        if (owner && !owner.retained && !lists(owner.new, id)) return undefined;
        return {
            code: "credential-revoked",
            says: `Credential ${name}/${id} stops working: its Secret is deleted, and the Consumer still names it`,
        };
    },
    replaced: away,
    rows: [
        ["stringData", material],
        ["data", material],
        ["stringData.**", material],
        ["data.**", material],
        ["type", always("replaced", (change) => `Secret ${objectName(change)} has another type`)],
    ],
};

/** Verdict about a replaced Secret. There is none if the Secret's content visibly differs: the difference has a finding. */
function away(change: Change, run: Run): Verdicts {
    const shown = differencesOf(change, [["stringData"], ["data"]]);
    if (shown.some(({ path }) => ["stringData", "data", "type"].includes(String(path[0])))) return undefined;
    const credential = credentialOf(change);
    if (credential === undefined)
        return { code: "replaced", says: `Secret ${objectName(change)} is deleted and created again` };
    const [name, id] = credential;
    const owner = consumerOf(run, name);
    if (comesOrGoes(owner)) return undefined;
    return {
        code: "service-interrupted",
        says: `Credential ${name}/${id} is deleted and created again: requests with it get 401 meanwhile`,
    };
}

function material(_: Difference, change: Change, run: Run): Verdicts {
    const credential = credentialOf(change);
    if (credential !== undefined) {
        const [name, id] = credential;
        const owner = consumerOf(run, name);
        if (comesOrGoes(owner)) return undefined;
        return {
            code: "credential-changed",
            says: `Credential ${name}/${id} is replaced: the earlier one stops working`,
        };
    }
    const title = objectName(change);
    if (/admin-keys$/.test(title))
        return {
            code: "pods-restart",
            says: "The keys of the Admin API change: APISIX and the ingress controller use the new ones after their pods restart",
        };
    if (/^alpa-tls-/.test(title))
        return { code: "certificate-changed", says: "The gateway presents another certificate" };
    return {
        code: "pods-restart",
        says: `Secret ${title} has other content: pods read the new content when they restart`,
    };
}

/**
 * Judges a change of the seed, or of a salt, from which keys are generated. There is mostly no finding about a salt, because
 * the Secret or Consumer with the generated key has one.
 */
function generated(change: Change, run: Run): Verdicts {
    const { name } = change;
    // The findings of their Secrets cover the Admin keys, and the password and encryption key of etcd.
    if (/-(admin-keys|etcd)-seed$/.test(name)) return undefined;
    if (/(^|-)seed$/.test(name))
        return {
            code: "all-credentials-change",
            says: "Every generated key and secret changes at once, without an overlap: the seed is replaced",
        };
    if (/^nodes-.*-token$/.test(name)) return undefined; // The finding of the node that joins with this token covers the token.
    const salt = /^([a-z0-9-]+)\.([a-z0-9-]+)-(key|jwt-secret)$/.exec(name);
    if (!salt) return { code: "replaced", says: `${name}: the generated value changes` };
    const owner = consumerOf(run, salt[1]);
    const secret = run.objects.has(`kubernetes Secret ${salt[1]}.${salt[2]}`);
    if (secret || comesOrGoes(owner)) return undefined;
    return {
        code: "credential-changed",
        says: `Credential ${salt[1]}/${salt[2]} is replaced: the earlier one stops working`,
    };
}

export const random: KindRule = {
    created: nothing,
    // When the whole stack is deleted, with the seed, every caller has its own finding.
    deleted: (change, run) =>
        /(^|-)seed$/.test(change.name) && !run.changes.some(isNewSecret) ? undefined : generated(change, run),
    replaced: generated,
    // If a setting changes the generated value, Pulumi replaces the resource, and `replaced` judges the replacement.
    rows: [
        [
            "**",
            (_, { op, name }) =>
                op === "update"
                    ? { code: "changed-inside", says: `${name}: settings of the generated value change` }
                    : undefined,
        ],
    ],
};

/** The record of revoked keys. */
export const revocations: KindRule = {
    created: nothing,
    deleted: ({ name }) => ({
        code: "protection-weakened",
        says: `${name}: the record of revoked keys is deleted, so the config can declare the revoked keys again`,
    }),
    replaced: ({ name }) => ({
        code: "protection-weakened",
        says: `${name}: the record of revoked keys is replaced by a new one, so the config can declare the revoked keys again`,
    }),
    rows: [
        [
            "readmit.*",
            ({ path, new: now }) =>
                now === undefined
                    ? undefined
                    : {
                          code: "revocation-broken",
                          says: `Breaks the revocation of ${path[1]}: its revoked key works again`,
                      },
        ],
        ["**", nothing],
    ],
};
