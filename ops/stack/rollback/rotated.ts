/** Service tokens that were rotated since the earlier version: the version of a secret never decreases (docs/decisions/0005). */
import { parseYaml } from "../yaml-edit";
import { isMap, mapsOf } from "../../../policy/resources/values";
import { setSecretVersion } from "../consumers-edit";

/**
 * Callers of the earlier version, with the current secret version of each service token if that is newer. Cloudflare cannot
 * restore an earlier secret, and the caller has the current secret.
 * @param then list of the config, not validated @returns the list, and `<consumer>/<credential>` with the current secret
 */
export function keepRotated(then: unknown, now: unknown): { consumers: unknown; kept: string[] } {
    const kept: string[] = [];
    const live = new Map(mapsOf(now).flatMap((consumer) => credentialsOf(consumer)));
    if (!Array.isArray(then)) return { consumers: then, kept };
    const consumers = then.map((consumer: unknown) => {
        if (!isMap(consumer) || !Array.isArray(consumer.credentials)) return consumer;
        const credentials = consumer.credentials.map((credential: unknown) => {
            if (!isMap(credential)) return credential;
            const who = `${String(consumer.name)}/${String(credential.id)}`;
            const today = live.get(who);
            if (today === undefined || !(number(today) > number(credential))) return credential;
            kept.push(who);
            const { secretVersion, previousSecretExpires } = today;
            return { ...credential, secretVersion, previousSecretExpires };
        });
        return { ...consumer, credentials };
    });
    return { consumers, kept };
}

/** Does what {@link keepRotated} does, for the text of a callers file, and keeps its comments. */
export function keepRotatedIn(text: string, now: unknown): { text: string; kept: string[] } {
    const { consumers, kept } = keepRotated((parseYaml(text).toJS() as { consumers?: unknown } | null)?.consumers, now);
    const edited = mapsOf(consumers)
        .flatMap(({ name, credentials }) =>
            mapsOf(credentials).map((one) => ({ ...one, name: String(name) }) as Rotated),
        )
        .filter(({ name, id }) => kept.includes(`${name}/${id}`))
        .reduce(
            (done, { name, id, secretVersion, previousSecretExpires }) =>
                setSecretVersion(done, name, id, secretVersion, previousSecretExpires),
            text,
        );
    return { text: edited, kept };
}

interface Rotated {
    name: string;
    id: string;
    secretVersion: number;
    previousSecretExpires: string;
}

function number({ secretVersion }: Record<string, unknown>): number {
    return typeof secretVersion === "number" ? secretVersion : 1;
}

function credentialsOf({ name, credentials }: Record<string, unknown>): [who: string, Record<string, unknown>][] {
    return mapsOf(credentials)
        .filter(({ method }) => method === "service-token")
        .map((credential) => [`${String(name)}/${String(credential.id)}`, credential]);
}
