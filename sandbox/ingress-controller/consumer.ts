// Translates ApisixConsumer (v2) and Consumer (v1alpha1) to APISIX consumers and credentials.
// Facts: apache/apisix-ingress-controller 2.0.1, internal/adc/translator/apisixconsumer.go and consumer.go.

import { secretText, type Resource, type World } from "./kinds";
import { credentialId, ownerLabels, Refusal, unsupported, username, type ApisixObject } from "./objects";
import { pluginConfig } from "./plugins";

const DEFAULT_EXP_SECONDS = 86_400;

/** A credential inside the consumer itself. The first kind, in this order, wins. */
export function translateApisixConsumer(world: World, controllerName: string, owner: Resource): ApisixObject[] {
    const parameter = owner.spec.authParameter ?? {};
    const plugins: Record<string, unknown> = {};
    const other = Object.keys(parameter).find((field) => !(field in METHODS));
    if (other) throw unsupported(`spec.authParameter.${other}`);
    for (const [field, { plugin, label, read }] of Object.entries(METHODS)) {
        if (parameter[field] === undefined) continue;
        plugins[plugin] = read(credentialFields(world, owner, parameter[field], label, field));
        break;
    }
    return [consumer(owner, plugins, ownerLabels(owner, controllerName))];
}

/** Source of the fields: the Secret's text, or the spec's values with their types. */
type Fields = { get(name: string): unknown; must(name: string): unknown };

function credentialFields(
    world: World,
    owner: Resource,
    given: { secretRef?: { name?: string }; value?: Record<string, unknown> },
    label: string,
    field: string,
): Fields {
    const namespace = owner.metadata.namespace as string;
    if (given.value && given.secretRef) {
        // Versions of the controller differ in which of the two wins.
        throw new Refusal("InvalidSpec", `spec.authParameter.${field}: give either secretRef or value, not both`);
    }
    const name = given.secretRef?.name ?? "";
    const values = given.value ?? secretText(world, namespace, name);
    if (!values) throw new Refusal("SyncFailed", `invalid ${label} config: secret ${namespace}/${name} not found`);
    return {
        get: (key) => values[key],
        must: (key) => {
            if (values[key] === undefined || values[key] === "") {
                const what = `key "${key}" not found or invalid in secret`;
                throw new Refusal("SyncFailed", `invalid ${label} config: ${what}`);
            }
            return values[key];
        },
    };
}

const METHODS: Record<string, { plugin: string; label: string; read: (fields: Fields) => object }> = {
    keyAuth: { plugin: "key-auth", label: "key auth", read: ({ must }) => ({ key: must("key") }) },
    jwtAuth: {
        plugin: "jwt-auth",
        label: "jwt auth",
        read: ({ get, must }) =>
            withoutZeros({
                key: must("key"),
                secret: get("secret"),
                public_key: get("public_key"),
                private_key: get("private_key"),
                algorithm: get("algorithm"),
                exp: positive(get("exp")) || DEFAULT_EXP_SECONDS,
                base64_secret: isTrue(get("base64_secret")),
                lifetime_grace_period: positive(get("lifetime_grace_period")),
            }),
    },
};

/** A positive integer of a spec, or as a text in a Secret. Everything else counts as unset. */
function positive(value: unknown): number {
    const number = typeof value === "string" && /^[+-]?\d+$/.test(value) ? Number(value) : value;
    return typeof number === "number" && number > 0 ? number : 0;
}

function isTrue(value: unknown): boolean {
    return value === true || value === "true";
}

function withoutZeros(object: Record<string, unknown>): object {
    return Object.fromEntries(Object.entries(object).filter(([, value]) => Boolean(value)));
}

/** Any number of credentials, each an object below the consumer. */
export function translateConsumer(
    world: World,
    controllerName: string,
    owner: Resource,
    log: (line: string) => void,
): ApisixObject[] {
    const namespace = owner.metadata.namespace as string;
    const where = `Consumer ${namespace}/${owner.metadata.name}`;
    const plugins: Record<string, unknown> = {};
    for (const plugin of owner.spec?.plugins ?? []) plugins[plugin.name] = pluginConfig(plugin);
    const objects = [consumer(owner, plugins, ownerLabels(owner, controllerName))];
    for (const { name, type, secretRef, config } of owner.spec?.credentials ?? []) {
        // Values of a Secret stay strings, so APISIX rejects numbers and booleans in it.
        const values = secretRef ? secretText(world, secretRef.namespace ?? namespace, secretRef.name) : config;
        if (!values) {
            log(`${where}: credential ${name} is dropped without a status: its Secret is missing`);
            continue;
        }
        if (!name) throw new NamelessCredential(`${where}: a credential of type ${type} has no name`);
        const user = username(owner);
        const id = credentialId(user, name);
        objects.push({
            collection: "credentials",
            id,
            path: `consumers/${user}/credentials/${id}`,
            body: { id, name, plugins: { [type]: values } },
        });
    }
    return objects;
}

/** For such a credential ADC rejects the whole configuration with all consumers. */
export class NamelessCredential extends Error {}

function consumer(owner: Resource, plugins: object, labels: Record<string, string>): ApisixObject {
    const id = username(owner);
    return { collection: "consumers", id, path: `consumers/${id}`, body: { username: id, labels, plugins } };
}
