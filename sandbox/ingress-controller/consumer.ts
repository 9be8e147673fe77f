// Translates Consumer (v1alpha1) to APISIX consumers and credentials.
// Facts: apache/apisix-ingress-controller 2.0.1, internal/adc/translator/consumer.go.

import { secretText, type Resource, type World } from "./kinds";
import { credentialId, ownerLabels, username, type ApisixObject } from "./objects";
import { pluginConfig } from "./plugins";

/** Returns an APISIX consumer, and for each credential an object below it. */
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
        // Values from a Secret are always strings. If a field must be a number or a boolean, APISIX rejects the string.
        const values = secretRef ? secretText(world, secretRef.namespace ?? namespace, secretRef.name) : config;
        if (!values) {
            log(
                `${where}: credential ${name} is skipped, because its Secret is missing. The consumer's status does not report this`,
            );
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

/** Thrown for a credential without a name. With such a credential, ADC rejects the configuration of all consumers. */
export class NamelessCredential extends Error {}

function consumer(owner: Resource, plugins: object, labels: Record<string, string>): ApisixObject {
    const id = username(owner);
    return { collection: "consumers", id, path: `consumers/${id}`, body: { username: id, labels, plugins } };
}
