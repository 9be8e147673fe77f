/**
 * Credentials with a generated secret: keys, secrets for HS256, service tokens. A credential that was deleted and created
 * again has the same name and another secret, so it is identified by what its secret was created with.
 */
import { createHash } from "node:crypto";
import { VERIFIER } from "../../../components/opt/conversion-phases";
import { nameIn } from "../../../policy/resources/resource";
import { lacksSince } from "../../consumer/handouts/record";
import type { Context } from "../../context";
import { changesOf, packageAndKind, type Change } from "../review/changes";
import { finding, type Finding } from "../review/finding";
import type { Exported, Preview } from "../review/preview";
import type { Version } from "./versions";

interface Generated {
    /** Digest of the salt of a generated key or secret, or of a service token's id and version. Never of the secret itself. */
    fingerprint: string;
    /** When it was created, in ISO 8601. */
    created?: string;
}

/** `<consumer>/<credential>`, if this resource generates the credential's secret. */
export function credentialOf({ kind, name }: Pick<Change, "kind" | "name">): string | undefined {
    const roles = { "random RandomUuid": "(key|jwt-secret)", "cloudflare ZeroTrustAccessServiceToken": "token" }[kind];
    const [, consumer, id] = (roles && new RegExp(`^([a-z0-9-]+)\\.([a-z0-9-]+)-${roles}$`).exec(name)) || [];
    // The verifier of a conversion is not a caller: each check reads its key from the outputs.
    return consumer === undefined || consumer === VERIFIER ? undefined : `${consumer}/${id}`;
}

/** The credentials of a state, by `<consumer>/<credential>`. */
export function generatedIn({ resources = [] }: Exported): Map<string, Generated> {
    return new Map(
        resources.flatMap(({ urn, type, id, inputs, created, delete: gone }) => {
            const who = credentialOf({ kind: packageAndKind(type), name: nameIn(urn) });
            if (who === undefined || id === undefined || gone) return [];
            const fingerprint = createHash("sha256")
                .update(`${id}${versionOf(inputs)}`)
                .digest("hex")
                .slice(0, 16);
            return [[who, { fingerprint, created }] as const];
        }),
    );
}

/** Version of a service token's secret, which a rotation in place raises; empty for the first one. */
function versionOf(inputs: object = {}): string {
    const { clientSecretVersion: version = "" } = inputs as { clientSecretVersion?: unknown };
    return String(version);
}

/** Says of each credential that was created after a version that its secret is another one; by `<consumer>/<credential>`. */
export function createdAfter(state: Exported, versions: Version[], number: number): Map<string, string> {
    const next = versions.find((version) => version.number > number);
    const later = [...generatedIn(state)].filter(
        ([, { created = "" }]) => next && Date.parse(created) >= Date.parse(next.start),
    );
    const says = (who: string) => `Credential ${who} was created after version ${number}: its secret of then is lost`;
    return new Map(later.map(([who]) => [who, says(who)]));
}

/** Findings about credentials that were handed out, and that the run creates again with another secret. */
export function createdAgain(context: Context, { stack, steps }: Preview): Finding[] {
    return changesOf(steps).flatMap((change) => {
        const who = change.op === "create" ? credentialOf(change) : undefined;
        const [consumer, id] = who?.split("/") ?? [];
        const day = who && lacksSince(context, { short: stack }, consumer, { id });
        if (day === undefined) return [];
        const says = `Credential ${who} is created again with another secret: that of the handout on ${day} does not work`;
        return [finding("credential-created-again", says, { evidence: [{ resource: change.name, urn: change.urn }] })];
    });
}
