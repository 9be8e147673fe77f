import * as cloudflare from "@pulumi/cloudflare";
import * as pulumi from "@pulumi/pulumi";
import { owner } from "../kubernetes/ownership";
import type { Meaning } from "../meaning/plain";

export interface AccessArgs {
    /** What it is, for the inputs of the component. */
    meaning: Meaning;
    account: string;
    /** Protected host names; the first is the main one. */
    hostnames: string[];
    /** Ids of the admitted service tokens. */
    tokenIds: pulumi.Input<string>[];
}

/**
 * Lifetime of the cookie that Access accepts instead of the token in its classic mode. The cookie outlives the revocation
 * of its token, so the lifetime is far below the default of 24 hours.
 */
const SESSION = "15m";

/**
 * Requires one of the declared service tokens in every request. Without declared tokens, it rejects every request.
 */
export class Access extends pulumi.ComponentResource {
    /** Audience of the JWT that Access adds to an admitted request. */
    readonly audience: pulumi.Output<string>;

    constructor(name: string, args: AccessArgs, opts?: pulumi.ComponentResourceOptions) {
        super("alpa-auth:index:Access", name, args.meaning, opts);
        const { account, hostnames, tokenIds } = args;

        // Cloudflare rejects an empty policy. An application without a policy rejects every request.
        const policies =
            tokenIds.length === 0
                ? []
                : [
                      new cloudflare.ZeroTrustAccessPolicy(
                          `${name}-policy`,
                          {
                              ...{ accountId: account, name: owner(), sessionDuration: SESSION },
                              // Service Auth: with an Allow policy, a request with a token would be redirected to the login page.
                              decision: "non_identity",
                              includes: tokenIds.map((tokenId) => ({ serviceToken: { tokenId } })),
                          },
                          { parent: this },
                      ),
                  ];
        const application = new cloudflare.ZeroTrustAccessApplication(
            `${name}-application`,
            {
                ...{ accountId: account, name: owner(), type: "self_hosted", domain: hostnames[0] },
                // This field is set even for a single host name. Without it the provider would keep the last value at
                // Cloudflare, and an alias that was removed from the config would stay.
                destinations: hostnames.map((uri) => ({ type: "public", uri })),
                policies: policies.map(({ id }, i) => ({ id, precedence: i + 1 })),
                sessionDuration: SESSION,
                // Callers are programs, which cannot use a login page.
                serviceAuth401Redirect: true,
                appLauncherVisible: false,
            },
            { parent: this },
        );
        this.audience = application.aud;
        this.registerOutputs({ audience: this.audience });
    }
}
