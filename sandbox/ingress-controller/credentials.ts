// Translates Consumer (v1alpha1) and ApisixTls (v2) to APISIX consumers, credentials and ssl objects.
// Facts: apache/apisix-ingress-controller 2.0.1, internal/adc/translator (consumer.go, apisixtls.go) and internal/ssl. As in the
// real controller, a certificate is not compared with the hosts or with its key.

import { secretText, type Resource, type World } from "./kinds";
import {
    configsOf,
    credentialId,
    credentialsOf,
    nameId,
    onlyHas,
    ownerLabels,
    Refusal,
    unsupported,
    type ApisixObject,
} from "./objects";

/** Returns an APISIX consumer, and for each credential an object below it. */
export function translateConsumer(
    world: World,
    controllerName: string,
    owner: Resource,
    log: (line: string) => void,
): ApisixObject[] {
    const namespace = owner.metadata.namespace as string;
    const where = `Consumer ${namespace}/${owner.metadata.name}`;
    const username = `${namespace}_${owner.metadata.name}`;
    const body = { username, labels: ownerLabels(owner, controllerName), plugins: configsOf(owner.spec?.plugins) };
    const objects: ApisixObject[] = [{ collection: "consumers", id: username, path: `consumers/${username}`, body }];
    for (const { name, type, secretRef } of owner.spec?.credentials ?? []) {
        if (!secretRef || !name) throw unsupported(`${where}: a credential without a name or a Secret`);
        // Values from a Secret are always strings. If a field must be a number or a boolean, APISIX rejects the string.
        const values = secretText(world, secretRef.namespace ?? namespace, secretRef.name);
        const id = credentialId(username, name);
        const path = `${credentialsOf(username)}/${id}`;
        if (values)
            objects.push({ collection: "credentials", id, path, body: { id, name, plugins: { [type]: values } } });
        else
            log(
                `${where}: credential ${name} is skipped, because its Secret is missing. The consumer's status does not report this`,
            );
    }
    return objects;
}

export function translateTls(world: World, controllerName: string, owner: Resource): ApisixObject[] {
    onlyHas(owner.spec, ["ingressClassName", "hosts", "secret"], "spec");
    const { hosts: snis, secret } = owner.spec as { hosts: string[]; secret: { name: string; namespace: string } };
    const values = secretText(world, secret.namespace, secret.name);
    if (!values) throw new Refusal("InvalidSpec", `secret ${secret.namespace}/${secret.name} not found`);
    const { "tls.crt": cert, "tls.key": key } = values;
    if (cert === undefined || key === undefined) throw new Refusal("InvalidSpec", "unknown secret format");
    const id = nameId(`ApisixTls_${owner.metadata.namespace}_${owner.metadata.name}`);
    const body = { id, cert, key, snis, labels: ownerLabels(owner, controllerName) };
    return [{ collection: "ssls", id, path: `ssls/${id}`, body }];
}
