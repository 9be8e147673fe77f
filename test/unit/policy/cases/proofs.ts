/**
 * Cases about resources that verify something at the gateway or keep a record. Each case disables such a resource, or
 * makes it verify or record something else.
 */
import type { Case } from ".";
import { inputs, more, opened, secret, without } from "./changes";

const OTHER = "f".repeat(64);
const revoked = (change: (inputs: any) => void) => inputs("CredentialsRevoked", undefined, change);
const accepted = (change: (inputs: any) => void) => inputs("ConsumersAccepted", undefined, change);
const served = (change: (inputs: any) => void) => inputs("RouteServed", undefined, change);
const memory = (change: (declared: any, inputs: any) => void) =>
    inputs("Revocations", undefined, (given) => change(opened(given.declared), given));
const tokens = (change: (inputs: any) => void) => inputs("SecretVersions", undefined, change);

export const PROOFS: Record<string, Case[]> = {
    "as-rendered": [
        [
            "a verification of revoked credentials that counts pods without an answer as passed",
            "intra",
            revoked(({ gateway }) => (gateway.unasked = "settle")),
            /^gateway\.unasked: must be fail, since this stack installs the gateway/m,
        ],
        [
            "a verification that passes whatever happens",
            "intra",
            revoked(({ gateway }) => (gateway.unasked = "ignore")),
            /^gateway\.unasked: must be /m,
        ],
        [
            "a verification at pods that are not the gateway's",
            "intra",
            revoked(({ gateway }) => (gateway.labels = { app: "other" })),
            /^gateway\.labels\.app\.kubernetes\.io\/name: is missing/m,
        ],
        [
            "a verification at the gateway of another namespace",
            "intra",
            served(({ gateway }) => (gateway.namespace = "other")),
            /^gateway\.namespace: must be alpa-auth-gateway/m,
        ],
        [
            "a verification at a gateway other than the existing one",
            "existing",
            served(({ gateway }) => (gateway.namespace = "other")),
            /^gateway\.namespace: must be edge/m,
        ],
        [
            "a verification of callers of another namespace",
            "intra",
            accepted((given) => (given.namespace = "other")),
            /^namespace: must be alpa-auth,/m,
        ],
        [
            "a verification with a timeout that differs from the other resources'",
            "intra",
            revoked((given) => (given.timeoutSeconds = 100_000)),
            /^timeoutSeconds: must be the same as in the other resources/m,
        ],
        [
            "a timeout of zero",
            "intra",
            accepted((given) => (given.timeoutSeconds = 0)),
            /^timeoutSeconds: must be a time in seconds of at least 1/m,
        ],
        [
            "a verification in another cluster",
            "intra",
            revoked((given) => (given.kubeconfig = secret("apiVersion: v1\nclusters: []"))),
            /^kubeconfig: must be the same as in the other resources/m,
        ],
        [
            "a credential without a verification of its revocation",
            "intra",
            revoked(({ credentials }) => delete credentials["nlp/2026a"]),
            /^credentials: must list nlp\/2026a/m,
        ],
        [
            "a caller without a verification that the gateway has its new keys",
            "intra",
            accepted(({ generations }) => delete generations.lab),
            /^generations: must list lab/m,
        ],
        [
            "a digest of keys that stays the same when they change",
            "intra",
            accepted((given) => (opened(given.materials).lab = OTHER)),
            /^materials\.lab: must be the digest of this caller's Secrets/m,
        ],
        [
            "a stack without the verification of revoked credentials",
            "intra",
            without("CredentialsRevoked", "alpa-consumers-revoked"),
            /^kind: Consumer must have a CredentialsRevoked in this stack/m,
        ],
        [
            "a route without a verification that the gateway serves it",
            "intra",
            without("RouteServed", "alpa-route-served"),
            /^kind: ApisixRoute must have a RouteServed in this stack/m,
        ],
        [
            "a verification of rules of another revision",
            "intra",
            served((given) => (given.revision = "0123456789ab")),
            /^revision: must be [0-9a-f]{12}, as in the rest of this stack/m,
        ],
        [
            "a caller's own key that is not recorded",
            "brought",
            memory((declared) => delete declared["lab/own"]),
            /^declared: must have the digest of lab\/own's key/m,
        ],
        [
            "a public key that is recorded as another",
            "brought",
            memory((declared) => (declared["lab/public"] = OTHER)),
            /^declared: must have the digest of lab\/public's key/m,
        ],
        [
            "an undone revocation without a credential",
            "brought",
            memory((_, given) => (given.readmit = { "other/a": "revocation-01234567" })),
            /^readmit\.other\/a: must be a credential with key or publicKey/m,
        ],
        [
            "an undone revocation without an id",
            "brought",
            memory((_, given) => (given.readmit = { "lab/own": "all" })),
            /^readmit\.lab\/own: must be the id of a revocation/m,
        ],
        [
            "a token whose version is not recorded",
            "cloudflare",
            tokens(({ versions }) => delete versions["lab/2026a"]),
            /^versions: must list lab\/2026a/m,
        ],
        [
            "a token whose version is recorded as a lower one",
            "cloudflare",
            tokens(({ versions }) => (versions["lab/2026b"] = 1)),
            /^versions\.lab\/2026b: must be the version of the token's secret/m,
        ],
        [
            "a wait for another state of a route",
            "intra",
            inputs("Awaited", "alpa-route-accepted", ({ until }) => (until.type = "Programmed")),
            /^until\.type: must be "Accepted"/m,
        ],
        [
            "a wait for another object",
            "intra",
            inputs("Awaited", "alpa-route-accepted", ({ object }) => (object.name = "other")),
            /^object\.name: must be "alpa/m,
        ],
        [
            "a model that counts as not running",
            "converted",
            inputs("RayReady", undefined, (given) => (given.running = false)),
            /^running: must be true/m,
        ],
        [
            "images that are on fewer nodes",
            "converted",
            inputs("ImagesReady", undefined, (given) => (given.nodes = 0)),
            /^nodes: must be 2/m,
        ],
        [
            "a record of a conversion that overwrites another object",
            "intra",
            more("pulumi-nodejs:dynamic/alpa-auth:ConversionRecord", {
                metadata: { name: "apisix", namespace: "alpa-auth-gateway" },
                end: { phase: "done", callers: "0123456789abcdef" },
            }),
            /^metadata\.name: must be alpa-auth-conversion/m,
        ],
        [
            "a verification under the name of a kind that is not compared",
            "intra",
            revoked((given) => (Object.assign(given, { kind: "Namespace" }).gateway.unasked = "ignore")),
            /^gateway\.unasked: must be /m,
        ],
    ],
};
