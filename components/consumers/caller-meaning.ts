import type { Input } from "@pulumi/pulumi";
import type { Counters } from "../apisix/open-requests";
import type { ConsumerSettings, Credential } from "./consumer";
import type { Limits } from "./limits";
import { publicFingerprint } from "../meaning/fingerprint";
import { plain, type ShowSecret } from "../meaning/plain";

/** What a caller is, in plain values. */
export interface CallerMeaning {
    limits: Limits;
    /** Settings that all limits of the caller share. Unset without limits, or if each APISIX pod counts for itself. */
    countedBy?: Omit<Counters, "host">;
    /** Class of the caller. Unset if it has none. */
    class?: string;
    /** Models that the caller may use. Unset if it may use all of the stack. */
    models?: string[];
    /** The credentials, by id. */
    credentials: Record<string, CredentialMeaning>;
}

interface CredentialMeaning {
    method: Credential["method"];
    algorithm?: string;
    /** Day from which the credential is rejected (UTC). Unset if it never expires. */
    expires?: string;
    /** Id of the revocation of this key, if the config accepts the revoked key again. */
    readmit?: string;
    /** Changes with the key, secret or public key. Unset in a comparison of two configs, if only the stack knows it. */
    fingerprint?: Input<string>;
}

/**
 * What a caller is.
 * @param around settings of the stack that concern the caller: what counts its limits, its class, and the expiry date of each
 * `<consumer>/<credential>`
 */
export function callerMeaning(
    { name, limits, credentials, brought = [] }: ConsumerSettings,
    around: Pick<CallerMeaning, "countedBy" | "class" | "models"> & { expires: Record<string, string> },
    secret: ShowSecret,
): CallerMeaning {
    const meaning = {
        limits,
        countedBy: Object.keys(limits).length === 0 ? undefined : around.countedBy,
        class: around.class,
        models: around.models,
        credentials: Object.fromEntries(
            credentials.map((one) => {
                const readmit = brought.find(({ id }) => id === one.id)?.readmit;
                return [one.id, { ...credentialMeaning(one), expires: around.expires[`${name}/${one.id}`], readmit }];
            }),
        ),
    };
    return plain(meaning, secret) as unknown as CallerMeaning;
}

function credentialMeaning(credential: Credential) {
    const { method } = credential;
    if (method === "key") return { method, fingerprint: credential.key };
    const { algorithm } = credential;
    if (algorithm === "HS256") return { method, algorithm };
    return { method, algorithm, fingerprint: publicFingerprint(credential.publicKey) };
}
