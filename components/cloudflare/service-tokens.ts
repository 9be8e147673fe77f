import * as cloudflare from "@pulumi/cloudflare";
import * as pulumi from "@pulumi/pulumi";
import { createHash } from "node:crypto";
import { owner } from "../kubernetes/ownership";
import { SecretVersions } from "../records/records";
import type { Meaning } from "../meaning/plain";
import { tokenName, type TokenConsumer, type TokenCredential, type TokenMeaning } from "./service-token";

/** What a caller is, in plain values: its tokens, by id. */
interface CallerMeaning {
    credentials: Record<string, TokenMeaning>;
}

/** A caller: parent of its tokens. */
class Caller extends pulumi.ComponentResource {
    constructor(name: string, meaning: CallerMeaning, parent: pulumi.Resource) {
        super("alpa-auth:index:Caller", name, meaning, { parent });
        this.registerOutputs({});
    }
}

export interface ServiceTokensArgs {
    /** What it is, for the inputs of the component. */
    meaning: Meaning;
    account: string;
    consumers: TokenConsumer[];
    /** What each caller's tokens are, by its name, for the inputs of its component. */
    meanings: Record<string, CallerMeaning>;
    /** Mail addresses to notify a week before a token expires. */
    notify: string[];
}

/** The two values that a caller sends, each in its own header. */
export interface TokenPair {
    clientId: string;
    clientSecret: string;
}

/** The callers' service tokens. Each is its own resource, so that changing one token does not affect the others. */
export class ServiceTokens extends pulumi.ComponentResource {
    /** Ids of the tokens for the policy. They are not the client ids. */
    readonly ids: pulumi.Output<string>[] = [];
    /** Client id and secret by `<consumer>/<credential>`; secret. */
    readonly pairs: Record<string, pulumi.Output<TokenPair>> = {};
    /** When each token expires at Cloudflare, by `<consumer>/<credential>`. */
    readonly ends: Record<string, pulumi.Output<string>> = {};
    /** Ids of the tokens that the config disables, by `<consumer>/<credential>`. */
    readonly disabled: Record<string, pulumi.Output<string>> = {};

    constructor(name: string, args: ServiceTokensArgs, opts?: pulumi.ComponentResourceOptions) {
        super("alpa-auth:index:ServiceTokens", name, args.meaning, opts);
        const { account, consumers, notify } = args;

        const versions: Record<string, number> = {};
        const fingerprints: Record<string, pulumi.Output<string>> = {};
        for (const consumer of consumers) {
            const parent = new Caller(consumer.name, args.meanings[consumer.name], this);
            for (const credential of consumer.credentials) {
                const who = `${consumer.name}/${credential.id}`;
                const { id, clientId, clientSecret, expiresAt } = new cloudflare.ZeroTrustAccessServiceToken(
                    `${consumer.name}.${credential.id}-token`,
                    {
                        accountId: account,
                        name: tokenName(owner(), consumer.name, credential.id),
                        ...renderToken(credential),
                    },
                    { parent },
                );
                this.ids.push(id);
                this.pairs[who] = pulumi.secret({ clientId, clientSecret });
                this.ends[who] = expiresAt;
                if (!credential.enabled) this.disabled[who] = id;
                versions[who] = credential.secretVersion ?? 1;
                fingerprints[who] = this.pairs[who].apply(fingerprint);
            }
        }
        new SecretVersions(
            `${name}-secret-versions`,
            { versions, fingerprints: pulumi.secret(fingerprints) },
            { parent: this },
        );
        if (notify.length > 0)
            new cloudflare.NotificationPolicy(
                `${name}-expiry-mail`,
                {
                    accountId: account,
                    name: `${owner()}: service tokens that end`,
                    alertType: "expiring_service_token_alert",
                    enabled: true,
                    mechanisms: { emails: notify.map((id) => ({ id })) },
                },
                { parent: this },
            );
        this.registerOutputs({});
    }
}

/** Inputs of a service token's resource, without the name. */
function renderToken({ duration, enabled, secretVersion, previousSecretExpires }: Omit<TokenCredential, "id">) {
    // The provider requires that both fields are set, or neither.
    const replaced = previousSecretExpires !== undefined && {
        clientSecretVersion: secretVersion,
        previousClientSecretExpiresAt: `${previousSecretExpires}T00:00:00Z`,
    };
    return { duration, enabled, ...replaced };
}

/** Identifies a secret without revealing it, since 40 random characters cannot be guessed. */
export function fingerprint({ clientId, clientSecret }: TokenPair): string {
    return createHash("sha256").update(`${clientId}:${clientSecret}`).digest("hex");
}
