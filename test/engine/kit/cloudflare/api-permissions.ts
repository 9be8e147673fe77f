import { strict as assert } from "node:assert";
import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Account } from "../../../../sandbox/cloudflare/account";
import { apiTokenFile, ROOT, writePrivate } from "../../../../sandbox/world/state";

/**
 * Has a world's stacks ask the API with what the table in docs/set-up/cloudflare.md says is enough, and nothing more.
 * @param needed which of its permissions, as the API calls them
 */
export function useDocumentedToken(dir: string, account: Account, needed = (_: string) => true): void {
    const docs = readFileSync(join(ROOT, "docs/set-up/cloudflare.md"), "utf8");
    const rows = [...docs.matchAll(/^\| (?:Zone|Account): (.+?): (Edit|Read)\b/gm)];
    assert.ok(rows.length > 8, "the table has another form");
    const all = rows.map(([, product, right]) => `${product} ${right === "Edit" ? "Write" : "Read"}`);
    const value = randomBytes(30).toString("base64url");
    account.addApiToken({ value, permissions: all.filter(needed) });
    writePrivate(apiTokenFile(dir), value);
}
