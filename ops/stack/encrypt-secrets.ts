import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { parseDocument } from "yaml";
import type { Context } from "../context";
import { ask } from "./pulumi";
import type { Stack } from "./stack";
import { PROJECT } from "./stack-file";

/**
 * Encrypts each secret with the stack's key. Pulumi gets the secrets on standard input, so only ciphertext reaches the
 * disk. It writes into a copy of the stack file, since it rewrites a whole file in its own style.
 */
export async function encryptSecrets({ pulumi }: Context, stack: Stack, secrets: string[]): Promise<string[]> {
    const folder = mkdtempSync(join(tmpdir(), "alpa-auth-"));
    try {
        const copy = join(folder, basename(stack.file));
        writeFileSync(copy, stack.text, { mode: 0o600 });
        const encrypted: string[] = [];
        for (const [i, secret] of secrets.entries()) {
            const name = `${PROJECT}:encrypted${i}`;
            const args = ["config", "set", "--secret", name, "--stack", stack.name, "--config-file", copy];
            await ask(pulumi, args, { input: secret });
            encrypted.push(String(parseDocument(readFileSync(copy, "utf8")).getIn(["config", name, "secure"])));
        }
        return encrypted;
    } finally {
        rmSync(folder, { recursive: true, force: true });
    }
}
