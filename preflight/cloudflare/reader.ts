import type { ApiReader } from "../../components/cloudflare/api";
import { problem, type Finding } from "../findings";

/** Cloudflare does not answer a request that a check needs. */
class Unreadable extends Error {}

/** Reads all pages of a list. @param permission permission that the token needs, as the dashboard names it */
export async function readList<T>(api: ApiReader, permission: string, path: string): Promise<T[]> {
    const { result, said } = await api.list<T>(path);
    if (result !== undefined) return result;
    throw new Unreadable(
        `cloudflare:apiToken: cannot read what needs the permission "${permission}" (${said}). Set a valid token with this permission for this account and zone (docs/set-up/cloudflare.md), or correct account.`,
    );
}

/** Findings of all checks. What a check cannot read is its only finding. */
export async function gathered(checks: Promise<Finding[]>[]): Promise<Finding[]> {
    const found = await Promise.all(
        checks.map((check) =>
            check.catch((error: unknown) => {
                if (error instanceof Unreadable) return [problem(error.message)];
                throw error;
            }),
        ),
    );
    return found.flat();
}

/** Name of a foreign object in messages, with what to do first: it may belong to this stack under an earlier name. */
export function foreign(name: string | undefined): string {
    return `"${name}", which is not this stack's. If this stack had that name, rename it back: pulumi stack rename. Otherwise`;
}
