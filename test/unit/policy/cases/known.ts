/** Values that can be guessed or are known to everyone, and hosts and namespaces that are not those of the stack. */
import type { Case } from ".";
import { find, inputs, opened, secretText, spec, UNKNOWN } from "./changes";

/**
 * Changes a Secret as in a preview that generates a key for a caller: the inputs that depend on the generated key are
 * unknown.
 */
const unseen =
    (name: string, field: string, text: string): Case[2] =>
    (all) => {
        secretText(name, field, text)(all);
        find(all, "ConsumersAccepted").inputs.materials = UNKNOWN;
        find(all, "Revocations").inputs.declared = UNKNOWN;
    };
const OWNED = "a-key-that-the-lab-has-already";
const withoutAnnotation = (name: string) =>
    inputs("Secret", name, ({ metadata }) => delete metadata.annotations["propagate.hnc.x-k8s.io/none"]);

export const KNOWN: Record<string, Case[]> = {
    "as-rendered": [
        [
            "an empty key, which every empty header has",
            "brought",
            unseen("lab.own", "key", ""),
            /^data\.key: must have at least 16 characters/m,
        ],
        [
            "a key that can be guessed",
            "brought",
            unseen("lab.own", "key", OWNED.slice(0, 15)),
            /^data\.key: must have at least 16 characters/m,
        ],
        [
            "a secret for HS256 that can be guessed",
            "tokens",
            unseen("lab.hs", "secret", "a".repeat(31)),
            /^data\.secret: must have at least 32 characters/m,
        ],
        [
            "a key of the Admin API that can be guessed",
            "intra",
            secretText("apisix-admin-keys", "admin", "a"),
            /^data\.admin: must have at least 32 characters/m,
        ],
        [
            "a key of the Admin API for readers that can be guessed",
            "intra",
            secretText("apisix-admin-keys", "viewer", "a"),
            /^data\.viewer: must have at least 32 characters/m,
        ],
        [
            "a password of etcd that can be guessed",
            "intra",
            secretText("alpa-etcd-secret", "etcd-root-password", "a"),
            /^data\.etcd-root-password: must have at least 32 characters/m,
        ],
        [
            "APISIX's default key for what is in etcd",
            "intra",
            secretText("alpa-etcd-secret", "keyring", "qeddd145sfvddff3"),
            /^data\.keyring: must not be a publicly known key/m,
        ],
        [
            "a caller's key that HNC copies into other namespaces",
            "intra",
            withoutAnnotation("lab.2026a"),
            /^metadata\.annotations: must have propagate\.hnc\.x-k8s\.io\/none: "true"/m,
        ],
        [
            "the token of a tunnel that HNC copies into other namespaces",
            "exposed",
            withoutAnnotation("alpa-auth-cloudflared"),
            /^metadata\.annotations: must have propagate\.hnc\.x-k8s\.io\/none: "true"/m,
        ],
        [
            "etcd for an APISIX of another namespace",
            "intra",
            spec("NetworkPolicy", "alpa-auth-etcd", ({ ingress }) => {
                ingress[0].from[0].namespaceSelector.matchLabels["kubernetes.io/metadata.name"] = "default";
            }),
            /^spec\.ingress\[0\]\.from\[0\]\.namespaceSelector: must be the namespace \S+ \(got "default"\)/m,
        ],
        [
            "a command for any host that answers at an address",
            "cloudflare",
            inputs("Command", "alpa-connectors-10.0.0.11", ({ connection }) => delete opened(connection).hostKey),
            /^connection\.hostKey: is missing/m,
        ],
        [
            "a command for a host with an empty public key, which is any",
            "cloudflare",
            inputs("Command", "alpa-connectors-10.0.0.11", ({ connection }) => (opened(connection).hostKey = " ")),
            /^connection\.hostKey: is missing/m,
        ],
        [
            "a rate limit in another zone, where it counts no request",
            "cloudflare",
            inputs("Ruleset", "alpa-edge-rate-limit", (ruleset) => (ruleset.zoneId = "0".repeat(32))),
            /^zoneId: must be the same as in the other resources of this stack/m,
        ],
    ],
};
