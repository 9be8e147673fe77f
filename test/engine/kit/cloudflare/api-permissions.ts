import { strict as assert } from "node:assert";
import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Account } from "../../../../sandbox/cloudflare/account";
import { apiTokenFile, ROOT, writePrivate } from "../../../../sandbox/world/state";

/**
 * Makes a world's stacks use an API token with exactly the permissions that docs/set-up/cloudflare.md lists.
 * @param needed the permissions to keep, by their names in the API
 */
export function useDocumentedToken(dir: string, account: Account, needed = (_: string) => true): void {
    const docs = readFileSync(join(ROOT, "docs/set-up/cloudflare.md"), "utf8");
    const rows = [...docs.matchAll(/^\| (?:Zone|Account): (.+?): (Edit|Read)\b/gm)];
    assert.ok(rows.length > 8, "the table has changed its format");
    const all = rows.map(([, product, right]) => `${product} ${right === "Edit" ? "Write" : "Read"}`);
    const value = randomBytes(30).toString("base64url");
    account.apiTokens.push({ value, permissions: all.filter(needed) });
    writePrivate(apiTokenFile(dir), value);
}
