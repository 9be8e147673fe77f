/** Searches for secrets in all places that operators, reviewers or other users of the machine can read. */
import { strict as assert } from "node:assert";
import { lstatSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { EngineStack } from "./stack";

/** Fails if a secret is in what was printed for the stack, in its state, history or outputs, or in a file of the backend or log. */
export async function assertNoSecret(
    stack: EngineStack,
    secrets: Record<string, string>,
    { dir, processes, units }: { dir: string; processes: string; units?: string },
): Promise<void> {
    for (const shown of [
        ["stack", "output"],
        ["stack", "history", "--json"],
        ["stack", "export"],
    ])
        await stack.must(shown);
    const places = {
        "output of commands": stack.said,
        "files of the backend": textBelow(join(dir, "backend")),
        logs: textBelow(dir, /\.log$/),
        "process list": processes,
        ...(units && { "units of the host": textBelow(units, /\.service$/) }),
    };
    for (const [place, text] of Object.entries(places)) {
        assert.ok(text.length > 0, `no text: ${place}`);
        for (const [name, secret] of Object.entries(secrets)) {
            assert.ok(secret.length >= 20, `${name} is so short that it may occur by accident`);
            for (const form of formsOf(secret)) assert.ok(!text.includes(form), `${name} is in: ${place}`);
        }
    }
}

/** Texts that reveal a secret: itself, its base64, and for a hexadecimal secret the base64 of its bytes. */
function formsOf(secret: string): string[] {
    const bytes = /^([0-9a-f]{2})+$/.test(secret) ? [Buffer.from(secret, "hex").toString("base64")] : [];
    return [secret, Buffer.from(secret).toString("base64"), ...bytes];
}

/** Text of all files below a folder, without files of 5 MB and more. */
function textBelow(folder: string, name = /./): string {
    return readdirSync(folder, { recursive: true, encoding: "utf8" })
        .map((file) => join(folder, file))
        .filter((file) => name.test(file) && lstatSync(file).isFile() && lstatSync(file).size < 5_000_000)
        .map((file) => readFileSync(file, "utf8"))
        .join("\n");
}
