/** Rebuilds the config of an earlier version: plain values from Pulumi's history, and values with secrets from a stack file. */
import { realpathSync, writeFileSync } from "node:fs";
import { relative } from "node:path";
import { stringify } from "yaml";
import { PROJECT } from "../../../config/stack-file";
import type { Context } from "../../context";
import { Failure, UsageError } from "../../errors";
import { HIDDEN, isMap } from "../../../policy/resources/values";
import { secretVersionsIn, setSecretVersion } from "../consumers-edit";
import type { Edited } from "../edit-obstacles";
import { git } from "../history/commits";
import type { Version } from "../history/versions";
import type { Stack } from "../stack";
import { parseYaml } from "../yaml-edit";

/**
 * The text of a stack file with the config of a version. Values with secrets are those of the stack file in its commit, where
 * they are encrypted. If it was not committed, they are those of today.
 */
export async function earlierConfig(
    context: Context,
    { number, config, commit }: Version & { commit: string },
    stack: Stack,
    root: string,
): Promise<string> {
    const name = relative(realpathSync(root), realpathSync(stack.file));
    const then = await git(["show", `${commit}:${name}`], root).catch((error: unknown) => {
        if (error instanceof Failure) return undefined;
        throw error;
    });
    const source = contentOf(then ?? stack.text);
    const secret = Object.keys(config).filter((key) => config[key] === HIDDEN);
    const full = (key: string) => (key.includes(":") ? key : `${PROJECT}:${key}`);
    const valueOf = (key: string) => source.config?.[full(key)] ?? source.config?.[key];
    const missing = secret.filter((key) => valueOf(key) === undefined);
    if (missing.length > 0)
        throw new UsageError(
            missing.map(
                (key) =>
                    `${key}: cannot be restored (it was secret in version ${number}, and the stack file in its commit lacks it). Give the stack file of that version: --config-file <file>`,
            ),
        );
    if (then === undefined && secret.length > 0)
        context.note(`Config keys with secrets, which keep their current value: ${secret.join(", ")}.`);
    const restored = Object.entries(config).map(([key, value]) => [full(key), value === HIDDEN ? valueOf(key) : value]);
    return stringify({ ...source, config: Object.fromEntries(restored) });
}

/**
 * Gives each service token its current secret version, if that is newer: Cloudflare cannot restore an earlier secret, and the
 * version of a secret never decreases (docs/decisions/0005).
 */
export function keepRotated(context: Context, files: Edited[], { text: now, callers }: Stack): void {
    const kept: string[] = [];
    const present = [...secretVersionsIn(now), ...secretVersionsIn(callers?.text ?? "")];
    for (const { file, text } of files) {
        const then = secretVersionsIn(text);
        const newer = present.filter(({ name, id, version }) =>
            then.some((one) => one.name === name && one.id === id && one.version < version),
        );
        const edited = newer.reduce(
            (done, { name, id, version, until }) => setSecretVersion(done, name, id, version, until),
            text,
        );
        kept.push(...newer.map(({ name, id }) => `${name}/${id}`));
        // An equal file is not written: Pulumi would record uncommitted changes of the program's folder.
        if (edited !== text) writeFileSync(file, edited);
    }
    if (kept.length > 0)
        context.note(
            `Service tokens that keep their current secret, because Cloudflare cannot restore an earlier one: ${kept.join(", ")}.`,
        );
}

type Content = Record<string, unknown> & { config?: Record<string, unknown> };

export function contentOf(text: string): Content {
    const value = parseYaml(text).toJS() as unknown;
    return isMap(value) ? (value as Content) : {};
}
