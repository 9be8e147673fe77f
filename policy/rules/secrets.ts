import { kindOf, opened, type Resource } from "../resources/resource";
import { map, partsOf, Secret, textOf, textsIn } from "../resources/values";
import type { Message, Rule } from "./rule";

/** Paths of fields whose texts are secrets. */
const SECRET_FIELD =
    /(^|\.)(password|passwd|passphrase|sudoPassword|privateKey|private_key|privateKeyPassphrase|secret|clientSecret|client_secret|apiToken|apiKey|accessToken|token|kubeconfig|redis_password|adminKey|tunnelSecret)$/;
/** Names of container variables with secrets. A variable that ends in _FILE has a file name instead. */
const SECRET_VARIABLE = /(PASSWORD|PASSWD|TOKEN|SECRET|PRIVATE_KEY|API_KEY|ADMIN_KEY)$/;
/** Patterns that must not occur in any readable text. */
const SHAPES: [what: string, shape: RegExp][] = [
    ["a private key", /-----BEGIN [A-Z ]*PRIVATE KEY-----/],
    ["a token (JWT)", /\beyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{10,}/],
    // Base64 of {"a":"…","t":"…","s":"…"}.
    ["the token of a tunnel", /\beyJhIjoi[\w+/-]{40,}/],
    ["a key of a kubeconfig", /\bclient-key-data: *[A-Za-z0-9+/=]{40,}/],
    ["a URL with a password", /\b[a-z][a-z0-9+.-]*:\/\/[^\s/:@"']*:[^\s/@"']+@/],
];

export const noSecretInClear: Rule = {
    name: "no-secret-in-clear",
    title: "No secret is in plain text in any resource.",
    reason: "Plain text can be read in the state, in previews, logs and diffs. In the cluster, more people can read other objects than can read Secrets.",
    check: (resource) => new Set([...inClear(resource), ...inObjects(resource)]),
    checkStack: (resources) => {
        const owners = new Map<string, string>();
        for (const resource of resources)
            for (const secret of secretsOf(resource))
                if (secret.length >= LEAST_LENGTH && !owners.has(secret)) owners.set(secret, resource.name);
        return function* ({ marked }) {
            for (const [path, text] of textsIn(marked)) {
                const found = words(text).find((word) => owners.has(word));
                if (found !== undefined)
                    yield `${path}: must not repeat the secret of ${owners.get(found)} in plain text. Remove it, or pass it as a secret output.`;
            }
        };
    },
};

const plain = (path: string, why = "is in plain text") =>
    `${path}: must be secret (it ${why}). Mark it as a secret: pulumi.secret(…), or --secret in the config.`;

function* inClear(resource: Resource): Generator<Message> {
    const { marked } = resource;
    for (const field of kindOf(resource) === "Secret" ? ["data", "stringData"] : [])
        if (Object.values(map(marked[field])).some((value) => textOf(value) !== "")) yield plain(field);
    for (const [path, part] of partsOf(marked)) {
        // A variable of a container, or of a chart.
        const { name, value } = map(part);
        if (SECRET_VARIABLE.test(textOf(name)) && textOf(value) !== "") yield plain(`${path}.value`);
        const text = textOf(part);
        const shape = SHAPES.find(([, pattern]) => pattern.test(text));
        if (shape) yield plain(path, `contains ${shape[0]}`);
        else if ((SECRET_FIELD.test(path) || SECRET_VARIABLE.test(path)) && !isPublic(path, text)) yield plain(path);
    }
}

/** Whether a text is no secret: a keyed hash of one, or the path of a kubeconfig, which the provider also accepts. */
const isPublic = (path: string, text: string) =>
    /^(fingerprint:[0-9a-f]{12})?$/.test(text) || (/(^|\.)kubeconfig$/.test(path) && !/\n|\{|:\s/.test(text));

/** Secrets in objects that more people can read than can read Secrets. Helm keeps the values of a release in a Secret. */
function* inObjects(resource: Resource): Generator<Message> {
    if (!/^kubernetes:(?!helm)/.test(resource.type) || kindOf(resource) === "Secret") return;
    for (const [path, part] of partsOf(resource.marked))
        if (part instanceof Secret)
            yield `${path}: must not contain a secret, since more people can read this object than can read a Secret. Name a Secret instead.`;
}

/** Shortest compared secret: shorter texts match by chance, and no key of this project is shorter. */
const LEAST_LENGTH = 16;
/** Fields of a Secret that are not secret, for example a public key or a user name. */
const PUBLIC = /(^|\.)(algorithm|public_key|tls\.crt|ca\.crt|username|user)$/;

/** Secret texts of a resource, also single lines of a kubeconfig. */
function* secretsOf(resource: Resource): Generator<string> {
    for (const [path, part] of partsOf(resource.marked))
        for (const [field, text] of part instanceof Secret ? textsIn(opened(part), path) : []) {
            if (kindOf(resource) === "Secret" ? PUBLIC.test(field) : !SECRET_FIELD.test(field)) continue;
            if (!/\s/.test(text.trim())) yield text.trim();
            for (const [, value] of text.matchAll(/\b(?:token|password|client-key-data): *"?([^\s"]+)/g)) yield value;
        }
}

/** Parts of a text that could be a secret: the whole text, and its long words, also those inside URLs or settings. */
const words = (text: string) => [
    text.trim(),
    ...[/[A-Za-z0-9+/=_.~-]{16,}/g, /[A-Za-z0-9_-]{16,}/g].flatMap((word) => text.match(word) ?? []),
];
