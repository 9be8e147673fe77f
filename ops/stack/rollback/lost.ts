/** Things that a rollback cannot restore: secrets of credentials, and a zone. */
import { againFinding, credentialOf } from "../history/generated";
import { changesOf, type Change } from "../review/changes";
import type { Finding } from "../review/finding";
import type { Preview } from "../review/preview";

interface Lost {
    /** Losses that the operator cannot accept, since nothing can replace them. */
    never: string[];
    /** Credentials with the old name and a new secret: their callers need the new one. */
    renewed: string[];
}

export function lostIn({ steps }: Preview): Lost {
    const changes = changesOf(steps);
    const lost: Lost = { never: [], renewed: [] };
    for (const change of changes) {
        const zone = change.kind === "cloudflare Zone" && change.op !== "update";
        if (zone) lost.never.push(zoneProblem(change));
        if (/^random Random(Uuid|Password)$/.test(change.kind) && isSeedAnew(change, changes))
            lost.never.push(
                `${change.name}: the seed of all generated keys is replaced, so no earlier key is restored. Choose a version with the same seed, or add the callers again with new credentials: npm run ops -- consumer add`,
            );
        const rotated = rotatedSince(change);
        if (rotated !== undefined) lost.never.push(rotated);
        const who = renewedBy(change);
        if (who !== undefined && !lost.renewed.includes(who)) lost.renewed.push(who);
    }
    return lost;
}

function zoneProblem({ op, old, new: now }: Change): string {
    const name = String((op === "delete" ? old : now)?.name ?? "zone");
    return op === "create"
        ? `zone ${name}: it was deleted with its records, and a new zone of the same name gets other name servers. Restore the zone by hand (docs/operate/dns-move.md)`
        : `zone ${name}: the rollback would delete it with every record. Choose a version that has the zone, and do not unprotect the zone`;
}

/** Whether the seed of existing callers is replaced. In a stack that is created as a whole, the seed is only created. */
function isSeedAnew({ name, op }: Change, changes: Change[]): boolean {
    return name === "seed" && op === "replace" && changes.some(({ kind }) => kind === "kubernetes Secret");
}

/** Problem of a service token that was rotated after the earlier version: Cloudflare keeps no earlier secret. */
function rotatedSince({ kind, op, name, old, new: now }: Change): string | undefined {
    if (kind !== "cloudflare ZeroTrustAccessServiceToken" || op !== "update") return undefined;
    const [before, after] = [old, now].map((side) => Number(side?.clientSecretVersion ?? 1));
    if (!(after < before)) return undefined;
    const who = name.replace(/-token$/, "").replace(".", "/");
    return `${who}: its secret was rotated after that version (secret version ${before} now, ${after} then), and an earlier secret cannot be restored. Choose a version after the rotation`;
}

/** Name of the credential whose generated secret is replaced, for example `lab/2026a`. */
function renewedBy(change: Change): string | undefined {
    return change.op === "create" || change.op === "replace" ? credentialOf(change) : undefined;
}

/**
 * Findings about credentials that the rollback keeps, although the earlier version had another secret under the same name.
 * @param again credentials that were created after the version, with the number of the version that created them
 */
export function notRestored({ steps }: Preview, number: number, again: Map<string, number>): Finding[] {
    const changed = changesOf(steps).filter(({ op }) => op !== "update");
    const touched = new Set(changed.map(credentialOf));
    return [...again]
        .filter(([who]) => !touched.has(who))
        .map(([who, by]) =>
            againFinding(
                `Credential ${who} keeps the secret that version ${by} created: the secret of version ${number} is not restored`,
            ),
        );
}
