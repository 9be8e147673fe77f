/** Rebuilds the config of an earlier version from the history and from encrypted values in stack files. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { stringify } from "yaml";
import type { Context } from "../../context";
import { Failure } from "../../errors";
import { readVersions, type Config, type Version } from "../history/versions";
import { asPulumiReads, parseYaml } from "../yaml-edit";
import { HIDDEN, isMap } from "../../../policy/resources/values";
import { differences, pathText } from "../review/differences";
import { PROJECT } from "../stack-file";
import type { Stack } from "../stack";
import { keepRotated } from "./rotated";

/** Files from which secrets are copied. */
interface Sources {
    /** Stack file of the earlier version. Undefined if it is in no commit and was not given. */
    then?: string;
    /** Current stack file. */
    now: string;
    /** Current callers, of the stack file and of its callers file. */
    callers?: unknown[];
    /** Config of the earlier version with its secrets in plain text, for comparisons. Undefined if it cannot be decrypted. */
    plain?: Config;
}

export interface EarlierConfig {
    text: string;
    /** Config keys for which the rollback takes the secret from the current stack file. */
    ofToday: string[];
    /** Service tokens that keep their current secret. */
    kept: string[];
    problems: string[];
}

/**
 * Takes plain values from the history. The history has no secrets. A secret comes from the stack file of the earlier version,
 * or from the current stack file if the rest of the value is equal there.
 */
export function earlierConfig({ number, config }: Version, { then, now, callers, plain }: Sources): EarlierConfig {
    const today = contentOf(now);
    // Values encrypted with another passphrase or key can no longer be read.
    const usable = then !== undefined && encryptionOf(contentOf(then)) === encryptionOf(today) ? then : undefined;
    const restored: Record<string, unknown> = {};
    const found: EarlierConfig = { text: "", ofToday: [], kept: [], problems: [] };
    for (const [key, value] of Object.entries(config)) {
        const name = key.includes(":") ? key : `${PROJECT}:${key}`;
        if (value !== HIDDEN) {
            restored[name] = value;
            continue;
        }
        const known = plain?.[key];
        // A value from the earlier version's own file is used without a comparison.
        const old = encryptedAt(usable, key, known === undefined || known === HIDDEN ? undefined : known, {
            isOwn: true,
        });
        const live = old.value === undefined ? encryptedAt(now, key, known, { isOwn: false }) : undefined;
        restored[name] = old.value ?? live?.value;
        if (live?.value !== undefined) found.ofToday.push(key);
        if (restored[name] === undefined) found.problems.push(missing(key, number, live?.differs ?? old.differs));
    }
    keepAttempt(restored, entryOf(today, "convert"));
    const list = `${PROJECT}:consumers`;
    const { consumers, kept } = keepRotated(restored[list], callers ?? entryOf(today, "consumers"));
    if (kept.length > 0) Object.assign(restored, { [list]: consumers });
    found.kept = kept;
    const { config: _, ...rest } = today;
    found.text = stringify({ ...rest, config: restored });
    return found;
}

interface EncryptedValue {
    /** Value in the file, with encrypted secrets. */
    value?: unknown;
    /** Paths that differ in more than their secrets; empty if unknown. */
    differs?: string[];
}

/**
 * @param known values of the earlier version, secrets in plain text
 * @param isOwn whether the file is the earlier version's. If so, its values are used without a comparison
 */
function encryptedAt(
    file: string | undefined,
    key: string,
    known: unknown,
    { isOwn }: { isOwn: boolean },
): EncryptedValue {
    if (file === undefined) return {};
    const value = entryOf(contentOf(file), key);
    if (value === undefined || !hasSecret(value)) return {};
    // A value that is entirely secret has no other parts to compare.
    if (isEncrypted(value)) return isMap(known) || Array.isArray(known) ? { differs: [] } : { value };
    if (known === undefined || known === HIDDEN) return isOwn ? { value } : { differs: [] };
    const read = entryOf(asPulumiReads(parseYaml(file), new Map()) as Content, key);
    const [kept, ...others] = [value, read, known].map((side) => (key === "convert" ? withoutPlace(side) : side));
    const { before, after } = withoutSecrets(kept, others[0], others[1]);
    const differs = differences({ [key]: before }, { [key]: after }, []).map(({ path }) => pathText(path));
    if (differs.length > 0 || !isDeepStrictEqual(before, after)) return { differs };
    const { phase } = key === "convert" && isMap(known) ? known : {};
    return { value: phase === undefined ? kept : { ...(kept as object), phase } };
}

/** The settings of a conversion without its phase and attempt. */
function withoutPlace(convert: unknown): unknown {
    if (!isMap(convert)) return convert;
    const { phase: _, attempt: __, ...rest } = convert;
    return rest;
}

/** Sets the attempt of today: the stack rejects an earlier one. */
function keepAttempt(restored: Record<string, unknown>, today: unknown): void {
    const key = `${PROJECT}:convert`;
    const attempt = isMap(today) ? today.attempt : undefined;
    if (isMap(restored[key]) && attempt !== undefined) restored[key] = { ...restored[key], attempt };
}

/** Hides in `read` and in `known` each part that is encrypted in `encrypted`. Returns them as `before` and `after`. */
function withoutSecrets(encrypted: unknown, read: unknown, known: unknown): { before: unknown; after: unknown } {
    if (isEncrypted(encrypted)) {
        // A value that is encrypted as a whole may equal any text, but no list or mapping.
        const fits = typeof known === "string";
        return { before: HIDDEN, after: fits ? HIDDEN : known };
    }
    const parts = (value: unknown) => (isMap(value) || Array.isArray(value) ? Object.entries(value) : undefined);
    const [a, b] = [parts(encrypted), parts(known)];
    if (a === undefined || b === undefined || Array.isArray(encrypted) !== Array.isArray(known))
        return { before: read, after: known };
    const at = (value: unknown, key: string) => (value as Record<string, unknown> | undefined)?.[key];
    const keys = [...new Set([...a, ...b].map(([key]) => key))];
    const pairs = keys.map((key) => withoutSecrets(at(encrypted, key), at(read, key), at(known, key)));
    const whole = (values: unknown[]) =>
        Array.isArray(encrypted) ? values : Object.fromEntries(values.map((value, i) => [keys[i], value]));
    return { before: whole(pairs.map(({ before }) => before)), after: whole(pairs.map(({ after }) => after)) };
}

function missing(key: string, number: number, differs: string[] | undefined): string {
    const listed = differs?.slice(0, 3).join(", ");
    const why =
        differs === undefined
            ? "is in no stack file of this clone"
            : differs.length === 0
              ? "its difference from the current value is unknown"
              : `its value in the stack files of this clone differs in more than secrets: ${listed}${differs.length > 3 ? ` and ${differs.length - 3} more` : ""}`;
    return `${key}: cannot be restored (it was secret in version ${number}, and ${why}). Give the stack file of that version, encrypted with the same key as the current file: --config-file <file>`;
}

/**
 * Reads the config of a version with its secrets, through a pipe. Pulumi reads the encryption settings from a stack file
 * and may write to it, so it gets a copy.
 */
export async function readPlain(
    context: Context,
    stack: Stack,
    version: Version,
    scratch: string,
): Promise<Config | undefined> {
    if (!Object.values(version.config).includes(HIDDEN)) return undefined;
    const folder = join(scratch, "history");
    mkdirSync(folder);
    writeFileSync(join(folder, "Pulumi.yaml"), `name: ${PROJECT}\nruntime: nodejs\n`);
    writeFileSync(join(folder, `Pulumi.${stack.short}.yaml`), stack.text, { mode: 0o600 });
    try {
        const versions = await readVersions(context, stack, ["--show-secrets", "--cwd", folder]);
        const { number, start } = version;
        return versions.find((one) => one.number === number && one.start === start)?.config;
    } catch (error) {
        // If Pulumi fails, the config is unknown, as if it were encrypted with another key.
        if (error instanceof Failure) return undefined;
        throw error;
    }
}

type Content = Record<string, unknown> & { config?: Record<string, unknown> };

export function contentOf(text: string): Content {
    const value = parseYaml(text).toJS() as unknown;
    return isMap(value) ? (value as Content) : {};
}

/** Encryption settings of a stack file. */
function encryptionOf({ secretsprovider, encryptedkey, encryptionsalt }: Content): string {
    return JSON.stringify([secretsprovider, encryptedkey, encryptionsalt]);
}

function entryOf(content: Content, key: string): unknown {
    return content.config?.[`${PROJECT}:${key}`] ?? content.config?.[key];
}

function isEncrypted(value: unknown): boolean {
    return isMap(value) && Object.keys(value).length === 1 && typeof value.secure === "string";
}

function hasSecret(value: unknown): boolean {
    if (isEncrypted(value)) return true;
    return (isMap(value) || Array.isArray(value)) && Object.values(value).some(hasSecret);
}
