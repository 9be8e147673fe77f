import { credentialId, type Sent, type LiveConsumer, type Plugin } from "./credential-evidence";
import type { PodConnection } from "../kubernetes/pod-connection";

// The state stores this file as text. dynamic-resource.ts describes what such a file may import and use.

/** Plugin settings that the Admin API may store encrypted. */
const ENCRYPTED = /password|secret/;

/**
 * Compares the limits and credentials that some Consumers declare with the limits and credentials that APISIX has stored.
 * @param gone credentials that must no longer be stored
 * @returns the first difference; undefined if there is none
 */
export async function askAdmin(
    admin: PodConnection,
    viewerKey: string,
    namespace: string,
    consumers: LiveConsumer[],
    { there, gone }: { there: Sent[]; gone: Sent[] },
): Promise<string | undefined> {
    const get = async (path: string) => {
        const headers = { "X-API-KEY": viewerKey };
        const { status, body } = await admin.request({ method: "GET", path: `/apisix/admin/${path}`, headers });
        if (status !== 200 && status !== 404) throw new Error(`its Admin API answers ${status}`);
        if (status === 404) return undefined;
        try {
            return JSON.parse(body) as { value?: Stored; list?: { value: Stored }[] };
        } catch {
            // The parser's own error would quote the answer, which may contain keys.
            throw new Error("its Admin API answers something that is not JSON");
        }
    };
    // Credentials of each consumer, cached so that each list is read only once.
    const lists = new Map<string, Stored[]>();
    const credentials = async (consumer: string) => {
        const known = lists.get(consumer);
        if (known) return known;
        const { list } = (await get(`consumers/${namespace}_${consumer}/credentials`)) ?? {};
        // APISIX's Lua encoder writes an empty list as an object.
        const stored = Array.isArray(list) ? list.map(({ value }) => value) : [];
        lists.set(consumer, stored);
        return stored;
    };
    for (const { metadata, spec } of consumers) {
        const name = metadata!.name!;
        const stored = (await get(`consumers/${namespace}_${name}`))?.value;
        if (!stored) return `APISIX has no consumer ${name}`;
        const wrong = difference(spec?.plugins ?? [], stored.plugins ?? {});
        if (wrong !== undefined) return `APISIX has older settings of plugin ${wrong} for consumer ${name}`;
    }
    const unasked = ({ headers }: Sent) => headers === undefined;
    for (const one of there.filter(unasked)) {
        const stored = (await credentials(one.who.split("/")[0])).find((other) => hasClaim(other, one));
        if (!stored) return `APISIX has no credential ${one.who}`;
        if (!isVerifiedBy(stored, one)) return `APISIX has an older public key of the credential ${one.who}`;
    }
    for (const one of gone.filter(unasked)) {
        const [consumer, name] = one.who.split("/");
        const id = credentialId(`${namespace}_${consumer}`, name);
        if ((await credentials(consumer)).some((other) => other.id === id || hasClaim(other, one)))
            return `APISIX still has the credential ${one.who}`;
    }
    return undefined;
}

interface Stored {
    id?: string;
    plugins?: Record<string, Record<string, unknown> | undefined>;
}

function hasClaim({ plugins }: Stored, { claim }: Sent): boolean {
    return claim !== undefined && plugins?.["jwt-auth"]?.key === claim;
}

/**
 * Whether APISIX verifies tokens with the current public key. The Admin API returns algorithm and public key
 * unencrypted, and adds the algorithm if it is missing.
 */
function isVerifiedBy({ plugins }: Stored, { verifiedBy }: Sent): boolean {
    const { algorithm, public_key: publicKey } = plugins?.["jwt-auth"] ?? {};
    // The line endings of the two keys may differ.
    const text = (pem: unknown) => String(pem).replace(/\s/g, "");
    return algorithm === verifiedBy?.algorithm && text(publicKey) === text(verifiedBy?.publicKey);
}

/**
 * Name of the first plugin that APISIX has stored with other settings. Compares only settings that the Consumer declares,
 * because the Admin API adds defaults.
 */
function difference(wanted: Plugin[], stored: NonNullable<Stored["plugins"]>): string | undefined {
    for (const { name, config = {} } of wanted) {
        const there = stored[name];
        const same = ([key, value]: [string, unknown]) =>
            ENCRYPTED.test(key) || JSON.stringify(there?.[key]) === JSON.stringify(value);
        if (!there || !Object.entries(config).every(same)) return name;
    }
    return Object.keys(stored).find((name) => !wanted.some((plugin) => plugin.name === name));
}
