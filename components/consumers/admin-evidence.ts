import type { Sent, LiveConsumer, Plugin } from "./credential-evidence";
import type { PodConnection } from "../kubernetes/pod-connection";

// Dynamic resources store these functions in the state as text: the rules are in dynamic-resource.ts.

/** Plugin settings that the Admin API may store encrypted. */
const ENCRYPTED = /password|secret/;

/**
 * Compares the objects that APISIX has stored with some Consumers: their limits and credentials.
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
    const claims = async (consumer: string) => {
        const { list } = (await get(`consumers/${namespace}_${consumer}/credentials`)) ?? {};
        // APISIX's Lua encoder writes an empty list as an object.
        const stored = Array.isArray(list) ? list : [];
        return stored.map(({ value }) => value.plugins?.["jwt-auth"]?.key);
    };
    for (const { metadata, spec } of consumers) {
        const name = metadata!.name!;
        const stored = (await get(`consumers/${namespace}_${name}`))?.value;
        if (!stored) return `APISIX has no consumer ${name}`;
        const wrong = difference(spec?.plugins ?? [], stored.plugins ?? {});
        if (wrong !== undefined) return `APISIX has older settings of plugin ${wrong} for consumer ${name}`;
    }
    const unasked = ({ headers }: Sent) => headers === undefined;
    for (const [list, wanted] of [
        [there.filter(unasked), true],
        [gone.filter(unasked), false],
    ] as const)
        for (const { who, claim } of list)
            if ((await claims(who.split("/")[0])).includes(claim) !== wanted)
                return wanted ? `APISIX has no credential ${who}` : `APISIX still has the credential ${who}`;
    return undefined;
}

interface Stored {
    plugins?: Record<string, Record<string, unknown> | undefined>;
}

/** Name of the first plugin whose stored settings differ. Only set fields are compared, since the Admin API adds defaults. */
function difference(wanted: Plugin[], stored: NonNullable<Stored["plugins"]>): string | undefined {
    for (const { name, config = {} } of wanted) {
        const there = stored[name];
        const same = ([key, value]: [string, unknown]) =>
            ENCRYPTED.test(key) || JSON.stringify(there?.[key]) === JSON.stringify(value);
        if (!there || !Object.entries(config).every(same)) return name;
    }
    return Object.keys(stored).find((name) => !wanted.some((plugin) => plugin.name === name));
}
