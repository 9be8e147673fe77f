import type { Attack } from ".";
import { find, inputs, more, opened, secret, spec, values } from "./changes";
import type { Given } from "../stacks";

const LONG = "s3cret-s3cret-s3cret-s3cret";
const KEY = "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjE\n-----END OPENSSH PRIVATE KEY-----";
const CONNECTORS = "alpa-auth-cloudflared";
const connector = (change: (container: any) => void) =>
    spec("Deployment", CONNECTORS, ({ template }) => change(template.spec.containers[0]));
const configMap = (data: any) => more("kubernetes:core/v1:ConfigMap", { kind: "ConfigMap", metadata: {}, data });
/** Adds a ConfigMap that contains a credential's secret in plain text. */
const copied = (text: (key: string) => string) => (all: Given[]) => {
    const key = opened(opened(find(all, "Secret", "lab.2026a").inputs.data).key);
    configMap({ note: text(Buffer.from(key, "base64").toString()) })(all);
};

export const SECRETS: Record<string, Attack[]> = {
    "no-secret-in-clear": [
        [
            "a Secret whose values are not secret",
            inputs("Secret", "lab.2026a", (given) => (given.data = { key: LONG })),
            /^data: must be secret/,
        ],
        [
            "an SSH private key in plain text",
            inputs("Command", "alpa-connectors-10.0.0.11", (given) => {
                given.connection = { host: "10.0.0.11", privateKey: LONG };
            }),
            /^connection\.privateKey: must be secret \(it is in plain text\)/m,
            "cloudflare",
        ],
        [
            "a private key in any text",
            inputs("Command", "alpa-connectors-10.0.0.11", (given) => (given.create += `\n${KEY}`)),
            /^create: must be secret \(it contains a private key\)/m,
            "cloudflare",
        ],
        [
            "a token in any text",
            inputs("Namespace", "alpa-auth", ({ metadata }) => {
                metadata.annotations.note = `use eyJhbGciOiJIUzI1NiJ9.eyJrZXkiOiJhbHBhIn0.c2lnbmF0dXJlLW9mLWl0`;
            }),
            /^metadata\.annotations\.note: must be secret \(it contains a token \(JWT\)\)/m,
        ],
        [
            "a password in an address",
            inputs("Release", "alpa-apisix-release", (given) => {
                given.repositoryOpts.repo = `https://bot:${LONG}@charts.example.org/`;
            }),
            /repositoryOpts\.repo: must be secret \(it contains a URL with a password\)/,
        ],
        [
            "a password in an address without a name",
            configMap({ url: `redis://:${LONG}@counters:6379` }),
            /^data\.url: must be secret \(it contains a URL with a password\)/m,
        ],
        [
            "the token of a tunnel in any text",
            inputs("Command", "alpa-connectors-10.0.0.11", (given) => {
                const token = { a: "4".repeat(32), t: "0".repeat(36), s: LONG };
                given.create += ` --token ${Buffer.from(JSON.stringify(token)).toString("base64")}`;
            }),
            /^create: must be secret \(it contains the token of a tunnel\)/m,
            "cloudflare",
        ],
        [
            "a kubeconfig in plain text",
            inputs("kubernetes", "cluster", (given) => (given.kubeconfig = "apiVersion: v1")),
            /^kubeconfig: must be secret/m,
        ],
        [
            "the key of the Admin API in the object that names it",
            spec("GatewayProxy", "alpa-auth", ({ provider }) => {
                provider.controlPlane.auth.adminKey = { value: secret(LONG) };
            }),
            /adminKey\.value: must not contain a secret/,
        ],
        [
            "a caller's key in its Consumer",
            spec("Consumer", "lab", ({ credentials }) => (credentials[0].config = secret({ key: LONG }))),
            /^spec\.credentials\[0\]\.config: must not contain a secret/m,
        ],
        ...["TUNNEL_TOKEN", "DB_PASSWORD", "CLIENT_SECRET", "ALPA_API_KEY"].map((name): Attack => [
            `a secret in the variable ${name} of a pod`,
            connector(({ env }) => env.push({ name, value: secret(LONG) })),
            /env\[2\]\.value: must not contain a secret/,
            "exposed",
        ]),
        [
            "a token in the environment of a command",
            inputs("Command", "alpa-connectors-10.0.0.11", (given) => (given.environment = { TUNNEL_TOKEN: LONG })),
            /^environment\.TUNNEL_TOKEN: must be secret \(it is in plain text\)/m,
            "cloudflare",
        ],
        [
            "a token in a variable that the chart passes on",
            values((v) => (v.extraEnvVars = [{ name: "TUNNEL_TOKEN", value: LONG }])),
            /^values\.extraEnvVars\[0\]\.value: must be secret \(it is in plain text\)/m,
        ],
        ["a secret in a ConfigMap", configMap({ file: secret(LONG) }), /^data\.file: must not contain a secret/m],
        ["a ConfigMap of secrets", configMap(secret({ file: LONG })), /^data: must not contain a secret/m],
        [
            "a copy of a caller's key",
            copied((key) => key),
            /^data\.note: must not repeat the secret of nlp\.2026a-secret/m,
        ],
        [
            "a copy of a caller's key in an address",
            copied((key) => `https://llm.example.com/?apikey=${key}&x=1`),
            /^data\.note: must not repeat the secret/m,
        ],
        [
            "a copy of the token of a kubeconfig",
            (all) => {
                const text = `users: [{ name: a, user: { token: ${LONG} } }]`;
                find(all, "kubernetes", "cluster").inputs.kubeconfig = secret(text);
                configMap({ note: `it is ${LONG}` })(all);
            },
            /^data\.note: must not repeat the secret of cluster/m,
        ],
    ],
};
