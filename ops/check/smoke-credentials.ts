/** Credentials of a smoke test: each valid credential, and those that must be rejected. */
import { randomBytes } from "node:crypto";
import { claimKey } from "../../components/consumers/consumer";
import type { ListedCaller } from "../../config/keys/consumers/listed";
import { apiKey, bearer, jwt, serviceToken, type Credential } from "../service-call";
import type { Outputs } from "../stack/stack";
import { signToken } from "../token/sign";

export interface Presented {
    check: string;
    /** `<consumer>/<credential>`, or empty for an unknown credential. */
    who: string;
    auth: Credential;
    expect: "answer" | "refusal";
}

/** How long ago the expired token of the test expired, in seconds. The gateway has no grace period. */
const OVER_SECONDS = 30;

/**
 * @param namespace of the gateway's consumers. Unset for the edge, which accepts only service tokens
 * @param bearerKeys whether a key is also a valid `Authorization: Bearer`
 */
export async function credentialsOf(
    { name, credentials }: ListedCaller,
    outputs: Outputs,
    { namespace, bearerKeys }: { namespace?: string; bearerKeys: boolean },
): Promise<Presented[]> {
    const unknownKey = () => randomBytes(24).toString("base64url");
    const list: Presented[] = [];
    const add = (check: string, who: string, auth: Credential, expect: Presented["expect"]) =>
        list.push({ check, who, auth, expect });
    const addKey = (check: string, who: string, key: string, expect: Presented["expect"]) => {
        add(check, who, apiKey(key), expect);
        if (bearerKeys) add(`${check} as Bearer`, who, bearer(key), expect);
    };
    if (namespace !== undefined) {
        addKey("wrong key", "", unknownKey(), "refusal");
        add("wrong token", "", jwt(claimKey(namespace, name, "unknown"), unknownKey()), "refusal");
    }
    for (const { id, enabled = true } of credentials) {
        const who = `${name}/${id}`;
        const [key, secret, pair] = [outputs.credentials[who], outputs.jwtSecrets[who], outputs.serviceTokens[who]];
        if (key !== undefined) addKey("key", who, key, "answer");
        if (secret !== undefined && namespace !== undefined) {
            const claim = claimKey(namespace, name, id);
            const over = await signToken(secret, { key: claim }, -OVER_SECONDS, new Date());
            add("expired token", who, bearer(over), "refusal");
            add("token signed with another secret", who, jwt(claim, unknownKey()), "refusal");
            add("token", who, jwt(claim, secret), "answer");
        }
        if (pair !== undefined) {
            add("wrong client secret", who, serviceToken({ ...pair, clientSecret: unknownKey() }), "refusal");
            if (enabled) add("service token", who, serviceToken(pair), "answer");
            else add("disabled service token", who, serviceToken(pair), "refusal");
        }
    }
    return list;
}
