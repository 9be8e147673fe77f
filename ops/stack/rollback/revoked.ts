/**
 * Finds revoked keys that a rollback would accept again. Only keys that callers have supplied can be accepted
 * again, because a rollback never restores a generated key.
 */
import { parseDocument } from "yaml";
import { readmitted, type RevocationRecord } from "../../../components/records/revocations-rule";
import { keyDigest } from "../../../components/consumers/key-digest";
import { asPulumiReads, parseYaml } from "../yaml-edit";
import { isMap, mapsOf } from "../../../policy/resources/values";
import type { Exported } from "../review/plan";
import { PROJECT } from "../stack-file";

const TYPE = "pulumi-nodejs:dynamic/alpa-auth:Revocations";

/** A revocation that the rollback would break. */
export interface Broken {
    /** `<consumer>/<credential>` that was revoked. */
    revoked: string;
    /** Credential of the earlier version that has the revoked key. */
    who: string;
    id: string;
}

/**
 * @param state current state, with the record of revocations
 * @param lists texts of the stack file and of the callers file of the earlier version
 * @param readSecrets returns plain texts by ciphertext, for the earlier version. Called only if a key was revoked
 */
export async function brokenRevocations(
    state: Exported,
    lists: string[],
    readSecrets: () => Promise<ReadonlyMap<string, string>>,
): Promise<Broken[]> {
    const record = recordOf(state);
    if (record === undefined || record.revoked.length === 0) return [];
    const secrets = await readSecrets();
    const declared = Object.assign({}, ...lists.map((list) => declaredIn(list, secrets))) as Record<string, string>;
    return readmitted(record, declared).map(({ who, revocation: { id, who: revoked } }) => ({ who, id, revoked }));
}

/** Adds `readmit` for broken revocations to a stack file or callers file. */
export function withReadmit(config: string, broken: Broken[]): string {
    if (broken.length === 0) return config;
    const document = parseDocument(config);
    const consumers = consumersOf(document.toJS());
    consumers.forEach(({ name, credentials }, i) =>
        mapsOf(credentials).forEach(({ id }, j) => {
            const one = broken.find(({ who }) => who === `${String(name)}/${String(id)}`);
            const list = document.has("config") ? ["config", `${PROJECT}:consumers`] : ["consumers"];
            if (one) document.setIn([...list, i, "credentials", j, "readmit"], one.id);
        }),
    );
    return document.toString();
}

/** Broken revocations that the operator has not accepted. */
export function revocationProblems(broken: Broken[], named: string[]): string[] {
    const open = [...new Set(broken.map(({ revoked }) => revoked))].filter((who) => !named.includes(who));
    if (open.length === 0) return [];
    const flags = open.map((who) => `--readmit ${who}`).join(" ");
    return [
        `--to: the rollback must not break a revocation (the revoked keys of ${open.join(", ")} would work again). Choose another version. To accept the revoked keys again, add: ${flags}`,
    ];
}

function recordOf({ resources = [] }: Exported): RevocationRecord | undefined {
    const outputs = resources.find(({ type, delete: gone }) => type === TYPE && !gone)?.outputs;
    return outputs as RevocationRecord | undefined;
}

function declaredIn(config: string, secrets: ReadonlyMap<string, string>): Record<string, string> {
    const declared: Record<string, string> = {};
    for (const { name, credentials } of consumersOf(asPulumiReads(parseYaml(config), secrets)))
        for (const one of mapsOf(credentials)) {
            const digest = keyDigest(one);
            if (digest !== undefined) declared[`${String(name)}/${String(one.id)}`] = digest;
        }
    return declared;
}

/** Callers of a stack file and of its callers file, not validated. */
export function rawCallers(...texts: (string | undefined)[]): Record<string, unknown>[] {
    return texts.flatMap((text) => (text === undefined ? [] : consumersOf(parseYaml(text).toJS())));
}

/** The list of a stack file, also if it is stored as JSON text, or of a callers file. */
function consumersOf(file: unknown): Record<string, unknown>[] {
    const config = isMap(file) ? (isMap(file.config) ? file.config : file) : {};
    const list = config[`${PROJECT}:consumers`] ?? config.consumers;
    if (typeof list !== "string") return mapsOf(list);
    try {
        return mapsOf(JSON.parse(list));
    } catch {
        return [];
    }
}
