import { kindOf, type Resource } from "../resources/resource";
import { at, eachText, list, map, Secret, textOf } from "../resources/values";
import type { Rule } from "./rule";

/** Names of fields whose texts are secrets. */
const SECRET_FIELD =
    /^(password|passwd|passphrase|sudoPassword|privateKey|private_key|privateKeyPassphrase|secret|clientSecret|client_secret|apiToken|apiKey|accessToken|token|kubeconfig|redis_password|adminKey|tunnelSecret)$/;
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
const MARK = "Mark it as a secret: pulumi.secret(…), or --secret in the config.";

/** Reports secrets in objects that more people can read than can read Secrets, whether Pulumi marks them or not. */
function openInTheCluster(resource: Resource): string[] {
    const { type, props, marked } = resource;
    // Helm keeps the values of a release in a Secret.
    if (!/^kubernetes:(?!helm)/.test(type) || kindOf(resource) === "Secret") return [];
    const found = list(at(props, "spec.credentials")).flatMap((credential, i) =>
        at(credential, "config") === undefined ? [] : [`spec.credentials[${i}].config`],
    );
    const adminKey = "spec.provider.controlPlane.auth.adminKey.value";
    if (at(props, adminKey) !== undefined) found.push(adminKey);
    const walk = (value: unknown, path: string): void => {
        if (value instanceof Secret) found.push(path);
        else if (Array.isArray(value)) value.forEach((part, i) => walk(part, `${path}[${i}]`));
        else
            for (const [field, part] of Object.entries(map(value)))
                walk(part, path === "" ? field : `${path}.${field}`);
    };
    walk(marked, "");
    return found.map(
        (where) =>
            `${where}: must not contain a secret, since more people can read this object than can read a Secret. Name a Secret instead.`,
    );
}

/** Checks that all values of a Kubernetes Secret are Pulumi secrets. */
function openSecret({ marked }: Resource): string[] {
    return ["data", "stringData"].flatMap((field) =>
        Object.values(map(marked[field])).some((value) => typeof value === "string" && value !== "")
            ? [`${field}: must be secret (it is in plain text). ${MARK}`]
            : [],
    );
}

/** Whether a text is no secret: a keyed hash of one, or the path of a kubeconfig, which the provider also accepts. */
const isPublic = (field: string, text: string) =>
    text === "" || /^fingerprint:[0-9a-f]{12}$/.test(text) || (field === "kubeconfig" && !/\n|\{|:\s/.test(text));

/** Paths of environment variables with secrets: entries with `name` and `value` in containers and charts. */
function* variables(tree: unknown, path = ""): Generator<string> {
    if (typeof tree !== "object" || tree === null || tree instanceof Secret) return;
    const { name, value } = map(tree);
    if (SECRET_VARIABLE.test(textOf(name)) && textOf(value) !== "") yield `${path}.value`;
    for (const [field, part] of Object.entries(tree))
        yield* variables(part, Array.isArray(tree) ? `${path}[${field}]` : path === "" ? field : `${path}.${field}`);
}

function inClear(resource: Resource): string[] {
    const found = kindOf(resource) === "Secret" ? openSecret(resource) : [];
    eachText(resource.marked, (text, path) => {
        const field = path.split(".").pop()!;
        const shape = SHAPES.find(([, pattern]) => pattern.test(text));
        if (shape) found.push(`${path}: must be secret (it contains ${shape[0]}). ${MARK}`);
        else if ((SECRET_FIELD.test(field) || SECRET_VARIABLE.test(field)) && !isPublic(field, text))
            found.push(`${path}: must be secret (it is in plain text). ${MARK}`);
    });
    for (const path of variables(resource.marked)) found.push(`${path}: must be secret (it is in plain text). ${MARK}`);
    return [...new Set([...found, ...openInTheCluster(resource)])];
}

/** Shortest compared secret: shorter texts match by chance, and no key of this project is shorter. */
const LEAST_LENGTH = 16;
/** Fields of a Secret that are not secret, for example a public key or a user name. */
const PUBLIC = /^(algorithm|public_key|tls\.crt|ca\.crt|username|user)$/;

/** Secret texts of a resource, also single lines of a kubeconfig. */
function* secretsOf(resource: Resource): Generator<string> {
    const everything = kindOf(resource) === "Secret";
    const texts: string[] = [];
    const walk = (value: unknown, field: string, marking: "secret" | "plain"): void => {
        if (value instanceof Secret) walk(value.value, field, "secret");
        else if (typeof value === "string") {
            if (marking === "secret" && (everything ? !PUBLIC.test(field) : SECRET_FIELD.test(field)))
                texts.push(value);
        } else if (typeof value === "object" && value !== null)
            for (const [name, part] of Object.entries(value)) walk(part, name, marking);
    };
    walk(resource.marked, "", "plain");
    for (const text of texts) {
        if (!/\s/.test(text.trim())) yield text.trim();
        for (const [, value] of text.matchAll(/\b(?:token|password|client-key-data): *"?([^\s"]+)/g)) yield value;
    }
}

/** Parts of a text that could be a secret: the whole text, and its long words, also those inside URLs or settings. */
function* words(text: string): Generator<string> {
    if (text.length < LEAST_LENGTH) return;
    yield text.trim();
    for (const [word] of text.matchAll(/[A-Za-z0-9+/=_.~-]{16,}/g)) yield word;
    for (const [word] of text.matchAll(/[A-Za-z0-9_-]{16,}/g)) yield word;
}

function copied(resources: Resource[]): { urn: string; message: string }[] {
    const secrets = new Map<string, string>();
    for (const resource of resources)
        for (const secret of secretsOf(resource))
            if (secret.length >= LEAST_LENGTH && !secrets.has(secret)) secrets.set(secret, resource.name);
    const found = new Map<string, { urn: string; message: string }>();
    for (const { marked, urn } of resources)
        eachText(marked, (text, path) => {
            for (const word of words(text)) {
                const owner = secrets.get(word);
                if (owner === undefined) continue;
                const message = `${path}: must not repeat the secret of ${owner} in plain text. Remove it, or pass it as a secret output.`;
                found.set(`${urn} ${path}`, { urn, message });
            }
        });
    return [...found.values()];
}

export const noSecretInClear: Rule = {
    name: "no-secret-in-clear",
    title: "No secret is in plain text in any resource.",
    reason: "Plain text can be read in the state, in previews, logs and diffs. In the cluster, more people can read other objects than can read Secrets.",
    check: inClear,
    checkStack: copied,
};
